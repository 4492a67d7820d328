"""MNIST from its official files."""

import gzip
import logging
import zlib
from hashlib import md5
from itertools import product
from pathlib import Path
from typing import ClassVar

import numpy as np
from torchvision import datasets

from gan_lightning.data.images import ArrayImages, Source
from gan_lightning.data.nearby import folders_in, sibling
from gan_lightning.data.one_domain import ImageDataModule
from gan_lightning.data.splits import Split
from gan_lightning.files import without_new_empty_folders

log = logging.getLogger(__name__)

PREFIX = {"train": "train", "test": "t10k"}
PARTS = ("images-idx3", "labels-idx1")
LARGEST = 2**28
"""The largest size of a file in bytes, unpacked: five times that of the official ones."""


class MNIST(ImageDataModule):
    """60,000 training and 10,000 test digits of 28x28 pixels (LeCun, Cortes, Burges).

    The four official files, packed (.gz) or not, are in `root`, or in `MNIST/raw` below it as torchvision stores them.
    """

    official: ClassVar = datasets.MNIST
    """torchvision's class of the same files, which knows their mirrors and md5 sums."""

    def fetch(self) -> None:
        root = Path(self.root or ".").expanduser()
        if not self._is_whole(root):
            self._check_place(root)
            name = type(self).__name__
            if not root.is_dir():
                log.info("data.root: there is no folder %s yet; %s is downloaded into it", root, name)
            try:
                with without_new_empty_folders(root):
                    self.official(self.root, download=True)
            except (OSError, RuntimeError) as error:
                raise ValueError(
                    f"data.download: {name} could not be downloaded; {self._by_hand()}; if you have them elsewhere, "
                    "type data.root=FOLDER"
                ) from error

    def images(self, split: Split) -> ArrayImages:
        files = [self._file(split, part) for part in PARTS]
        pixels, labels = map(self._read, files)
        if pixels.ndim != 3 or labels.shape != pixels.shape[:1]:
            raise ValueError(
                f"data.root: {files[0]} and {files[1]} must hold N images and N labels; they hold "
                f"{_sizes(pixels)} and {_sizes(labels)} values; {self._by_hand()}"
            )
        return ArrayImages(pixels, labels.astype(np.int64), [Source.of_file(file) for file in files])

    def remarks(self) -> list[str]:
        found = []
        md5_sums = dict(self.official.resources)
        for split, part in product(PREFIX, PARTS):
            name = f"{PREFIX[split]}-{part}-ubyte.gz"
            file = self._find(split, part, Path(self.root or ".").expanduser())
            if file and file.name == name and md5(file.read_bytes()).hexdigest() != md5_sums[name]:
                found.append(f"{file} is not the official file: its md5 differs")
        return found

    def _file(self, split: str, part: str) -> Path:
        root = Path(self.root or ".").expanduser()
        file = self._find(split, part, root)
        if file is None:
            self._check_place(root)
            raise ValueError(f"data.root: there is no {PREFIX[split]}-{part}-ubyte in {self.root}; {self._by_hand()}")
        return file

    @staticmethod
    def _read(file: Path) -> np.ndarray:
        try:
            with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stream:
                content = stream.read(LARGEST + 1)
            if len(content) > LARGEST:
                raise ValueError(f"it has more than {LARGEST:,} bytes")
            if content[:3] != b"\0\0\x08":
                raise ValueError("it does not begin as such files of bytes do")
            # IDX: two zero bytes, the type (8: unsigned byte), the number of dimensions, each as a big-endian int32.
            dimensions = np.frombuffer(content, ">i4", count=content[3], offset=4)
            return np.frombuffer(content, np.uint8, offset=4 + 4 * content[3]).reshape(dimensions)
        except (OSError, EOFError, ValueError, IndexError, zlib.error) as error:
            raise ValueError(f"data.root: {file} cannot be read as an IDX file ({error})") from error

    def _is_whole(self, root: Path) -> bool:
        return all(self._find(split, part, root) for split, part in product(PREFIX, PARTS))

    def _check_place(self, root: Path) -> None:
        """Refuse a folder without the files where they are in another one nearby, before they are downloaded again."""
        if root.is_file():
            raise ValueError(f"data.root must name a folder; {root} is a file; type data.root={root.parent}")
        is_fashion = "Fashion" in type(self).__name__  # whose files have the same names
        below = [each for each in folders_in(root) if ("fashion" in each.name.lower()) == is_fashion]
        if found := next(filter(self._is_whole, below), None):
            raise ValueError(f"data.root: the files are not in {root} but in {found}; type data.root={found}")
        if root.name == "DIR" and not root.exists():
            raise ValueError(
                f"data.root={root}: DIR stands for a folder of your own in examples; type the folder that holds the "
                f"files of {type(self).__name__} or that they are to be downloaded into, or leave data.root out"
            )
        near = None if root.is_dir() else sibling(root)
        if near and self._is_whole(near):
            raise ValueError(
                f"data.root: there is no folder {root}; did you mean data.root={near}? To download, make {root} first"
            )

    def _find(self, split: str, part: str, root: Path) -> Path | None:
        for folder in (root, root / type(self).__name__ / "raw"):
            for suffix in ("", ".gz"):
                file = folder / f"{PREFIX[split]}-{part}-ubyte{suffix}"
                if file.is_file():
                    return file
        return None

    def _by_hand(self) -> str:
        missing = "" if Path(self.root or ".").expanduser().is_dir() else ", a folder that does not exist"
        return (
            f"put the four official files, {PREFIX['train']}-images-idx3-ubyte.gz and so on, into {self.root}{missing}"
        )


def _sizes(array: np.ndarray) -> str:
    return "x".join(map(str, array.shape))


class FashionMNIST(MNIST):
    """60,000 training and 10,000 test images of clothes in MNIST's format (Xiao, Rasul, Vollgraf 2017)."""

    official: ClassVar = datasets.FashionMNIST
