"""Data sets of Hugging Face `datasets`, which the extra `hf` installs."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gan_lightning.data.images import Item, Source
from gan_lightning.data.module import Split
from gan_lightning.data.one_domain import ImageDataModule


class HuggingFaceImages:
    """The images of a loaded data set.

    Args:
        rows: a `datasets.Dataset`.
        image: its column of images.
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
        return (self.rows[index][self.image],)

    def name(self, index: int) -> str:
        return f"number {index}"

    def sources(self) -> list[Source]:
        return [Source(f"{self.rows.info.dataset_name} {self.rows.split} {self.rows._fingerprint}", len(self), 0)]


@dataclass(kw_only=True, eq=False)
class HuggingFace(ImageDataModule):
    """Any image data set that `datasets.load_dataset` can load, by name or from a folder.

    Args:
        name: the data set's name, or a loader's such as `imagefolder`, whose folder is `root`.
        image: the column of images.
        label: the column of labels; None for no labels.
    """

    name: str = field()  # a field of its own, or Lightning's class attribute of this name would be its default
    image: str = "image"
    label: str | None = None

    def images(self, split: Split) -> HuggingFaceImages:
        try:
            import datasets
        except ImportError as error:
            raise ValueError("data=hf needs the package datasets: pip install 'gan-lightning-lab[hf]'") from error
        try:
            rows = datasets.load_dataset(self.name, data_dir=self.root, split=split)
        except Exception as error:  # whatever a loader raises, from missing files to no network
            raise ValueError(f"data.name: {self.name} has no split {split} to load: {error}") from error
        for key, column in (("image", self.image), ("label", self.label)):
            if column and column not in rows.column_names:
                raise ValueError(f"data.{key} must be one of {', '.join(rows.column_names)}; got {column}")
        return HuggingFaceImages(rows, self.image, self.label)
