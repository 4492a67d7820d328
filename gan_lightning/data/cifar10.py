"""CIFAR-10 from its official files."""

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from torchvision import datasets

from gan_lightning.data.images import ArrayImages, Source
from gan_lightning.data.one_domain import ImageDataModule
from gan_lightning.data.splits import Split
from gan_lightning.files import without_new_empty_folders
from gan_lightning.values import Existing

BATCHES = {"train": [f"data_batch_{number}" for number in range(1, 6)], "test": ["test_batch"]}
FOLDER = "cifar-10-batches-py"


@dataclass(kw_only=True, eq=False)
class CIFAR10(ImageDataModule):
    """50,000 training and 10,000 test images of 32x32 pixels in ten classes (Krizhevsky 2009).

    `root` is the official folder `cifar-10-batches-py`, or contains it.
    """

    root: Annotated[str, Existing("folder", "name a folder with cifar-10-batches-py", "download")] | None = None

    def fetch(self) -> None:
        if not self._file("test_batch").is_file():
            try:
                with without_new_empty_folders(Path(self.root or ".").expanduser()):
                    datasets.CIFAR10(self.root, download=True)
            except (OSError, RuntimeError) as error:
                raise ValueError(
                    f"data.download: CIFAR-10 could not be downloaded; put the official folder at {self.root}/{FOLDER}"
                    "; if you have it elsewhere, type data.root=FOLDER"
                ) from error

    def images(self, split: Split) -> ArrayImages:
        files = [self._file(name) for name in BATCHES[split]]
        contents = [_read(file, f"put the official folder at {self.root}/{FOLDER}") for file in files]
        pixels = np.concatenate([content["data"] for content in contents]).reshape(-1, 3, 32, 32)
        labels = np.concatenate([content["labels"] for content in contents])
        sources = [Source.of_file(file) for file in files]
        return ArrayImages(pixels.transpose(0, 2, 3, 1), labels, sources)

    def _file(self, name: str) -> Path:
        root = Path(self.root or ".").expanduser()
        return (root / FOLDER if (root / FOLDER).is_dir() else root) / name


class _Arrays(pickle.Unpickler):
    """Reads arrays and plain values; a pickle that names anything else is refused, because it could run any code."""

    allowed = frozenset(
        {
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
            ("_codecs", "encode"),
            *((f"numpy.{core}.multiarray", "_reconstruct") for core in ("core", "_core")),
            *((f"numpy.{core}.numeric", "_frombuffer") for core in ("core", "_core")),
        }
    )

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in self.allowed:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"it names {module}.{name}")


def _read(file: Path, by_hand: str) -> dict[str, np.ndarray]:
    """Return a batch's data, uint8 [N, 3072], and its labels, int64 [N]."""
    try:
        with file.open("rb") as stream:
            content = _Arrays(stream, encoding="bytes").load()
        found = {key.decode() if isinstance(key, bytes) else key: value for key, value in content.items()}
        data, labels = found["data"], np.array(found["labels"])
        if not (isinstance(data, np.ndarray) and data.dtype == np.uint8 and data.shape == (len(labels), 3072)):
            raise ValueError("its data must be 3,072 bytes for each label")
        if not np.issubdtype(labels.dtype, np.integer):
            raise ValueError("its labels must be whole numbers")
        return {"data": data, "labels": labels.astype(np.int64)}
    except FileNotFoundError as error:
        raise ValueError(f"data.root: there is no {file}; {by_hand}") from error
    except Exception as error:  # a pickle of anything else raises many kinds of errors
        said = f"it has no {error}" if isinstance(error, KeyError) else str(error) or "it is empty"
        raise ValueError(f"data.root: {file} is no batch of CIFAR-10: {said}; {by_hand}") from error
