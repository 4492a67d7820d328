"""MNIST from its official files."""

import gzip
from pathlib import Path

import numpy as np

from gan_lightning.data.images import ImageDataModule, Split
from gan_lightning.data.pictures import ArrayPictures

PREFIX = {"train": "train", "test": "t10k"}
PARTS = ("images-idx3", "labels-idx1")


class MNIST(ImageDataModule):
    """60,000 training and 10,000 test digits of 28x28 pixels (LeCun, Cortes, Burges).

    `root` holds the four official files, packed (.gz) or not, itself or in `MNIST/raw` as torchvision lays them.
    """

    def fetch(self) -> None:
        if not all(self._find(split, part) for split in PREFIX for part in PARTS):
            from torchvision import datasets

            try:
                datasets.MNIST(self.root, download=True)
            except (OSError, RuntimeError) as error:
                raise ValueError(f"data.download: MNIST could not be downloaded; {self._by_hand()}") from error

    def pictures(self, split: Split) -> ArrayPictures:
        images, labels = (self._read(split, part) for part in PARTS)
        return ArrayPictures(images, labels.astype(np.int64))

    def _read(self, split: Split, part: str) -> np.ndarray:
        file = self._find(split, part)
        if file is None:
            raise ValueError(f"data.root: no {PREFIX[split]}-{part}-ubyte in {self.root}; {self._by_hand()}")
        try:
            content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        except (OSError, EOFError) as error:
            raise ValueError(f"data.root: {file} cannot be read ({error})") from error
        # IDX: two zero bytes, the type (8: unsigned byte), the number of dimensions, each as a big-endian int32.
        dimensions = np.frombuffer(content, ">i4", count=content[3], offset=4)
        return np.frombuffer(content, np.uint8, offset=4 + 4 * content[3]).reshape(dimensions)

    def _find(self, split: str, part: str) -> Path | None:
        for folder in (Path(self.root or "."), Path(self.root or ".") / "MNIST" / "raw"):
            for suffix in ("", ".gz"):
                file = folder / f"{PREFIX[split]}-{part}-ubyte{suffix}"
                if file.is_file():
                    return file
        return None

    def _by_hand(self) -> str:
        return f"put the four official files, {PREFIX['train']}-images-idx3-ubyte.gz and so on, into {self.root}"
