"""Data sets of Hugging Face `datasets`, which the extra `hf` installs."""

import re
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from gan_lightning.data.images import Item, Source, read_image
from gan_lightning.data.one_domain import ImageDataModule
from gan_lightning.data.splits import NoTestImagesError, Split
from gan_lightning.values import Called

LOADERS = ("imagefolder", "parquet")
"""The loaders of local files that `data.name` may name; some of the others unpickle what they find."""


class HuggingFaceImages:
    """The images of a loaded data set.

    Args:
        rows: a `datasets.Dataset`.
        image: its column of images, which `datasets` does not decode: each cell has a file's bytes or its path.
        label: its column of labels; None for no labels.
    """

    images_per_item = 1

    def __init__(self, rows: Any, image: str, label: str | None) -> None:
        self.rows = rows
        self.image = image
        self.labels = np.array(rows[label]) if label else None

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Item:
        cell = self.rows[index][self.image]
        if not isinstance(cell, dict):
            raise ValueError("no image")
        return (read_image(Path(cell["path"]) if cell["bytes"] is None else BytesIO(cell["bytes"])),)

    def name(self, index: int) -> str:
        return f"number {index}"

    def files(self, index: int) -> list[Path]:
        return []

    def sources(self) -> list[Source]:
        return [Source(f"{self.rows.info.dataset_name} {self.rows.split} {self.rows._fingerprint}", len(self), 0)]


@dataclass(kw_only=True, eq=False)
class HuggingFace(ImageDataModule):
    """Any image data set of the Hugging Face Hub, or local files that `datasets.load_dataset` can load.

    Args:
        name: the data set's name on the Hub with its owner's, or `imagefolder` or `parquet` for the files in `root`.
        image: the column of images.
        label: the column of labels; None for no labels.
    """

    name: Annotated[str, Called("OWNER/NAME")] = (
        field()
    )  # a field of its own, or Lightning's class attribute of this name would be its default
    root: str | None = None  # may be a folder of the data set on the Hub
    image: str = "image"
    label: str | None = None

    def images(self, split: Split) -> HuggingFaceImages:
        self._check_name()
        try:
            import datasets
        except ImportError as error:
            raise ValueError("data=hf needs the package datasets: pip install 'gan-lightning-lab[hf]'") from error
        try:
            rows = datasets.load_dataset(self.name, data_dir=self.root, split=split)
        except Exception as error:  # whatever a loader raises, from missing files to no network
            kind = NoTestImagesError if split == "test" and "Unknown split" in str(error) else ValueError
            raise kind(f"data.name: {self.name} has no split {split} to load: {error}") from error
        for key, column in (("image", self.image), ("label", self.label)):
            if column and column not in rows.column_names:
                raise ValueError(f"data.{key} must be one of {', '.join(rows.column_names)}; got {column}")
        try:
            rows = rows.cast_column(self.image, datasets.Image(decode=False))
        except Exception as error:  # of pyarrow or of datasets
            raise ValueError(f"data.image must be a column of images; {self.image} cannot be read as one") from error
        if self.label and not np.issubdtype(np.array(rows[self.label]).dtype, np.integer):
            raise ValueError(f"data.label must be a column of class numbers; {self.label} has others")
        return HuggingFaceImages(rows, self.image, self.label)

    def _check_name(self) -> None:
        """Check that only a data set of the Hub or a loader of pictures is named; other loaders could run code."""
        if self.name in LOADERS and self.root is not None:
            return
        is_on_hub = re.fullmatch(r"\w[\w.-]*/\w[\w.-]*", self.name, re.ASCII) and not Path(self.name).exists()
        if not is_on_hub:
            raise ValueError(
                "data.name must be a data set of the Hub with its owner, such as ylecun/mnist, or one of "
                f"{', '.join(LOADERS)} with data.root; got {self.name}"
            )
