"""Data sets of Hugging Face `datasets`, which the extra `hf` installs."""

from typing import Any

import numpy as np

from gan_lightning.data.module import ImageDataModule
from gan_lightning.data.pictures import Parts, Source
from gan_lightning.data.stored import Split


class HuggingFacePictures:
    """The images of a loaded data set."""

    parts = 1

    def __init__(self, rows: Any, image: str, label: str | None) -> None:
        self.rows = rows
        self.image = image
        self.labels = np.array(rows[label]) if label else None

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Parts:
        return (self.rows[index][self.image],)

    def name(self, index: int) -> str:
        return f"number {index}"

    def sources(self) -> list[Source]:
        return [Source(f"{self.rows.info.dataset_name} {self.rows.split} {self.rows._fingerprint}", len(self), 0)]


class HuggingFace(ImageDataModule):
    """Any image data set that `datasets.load_dataset` can load, by name or from a folder.

    Args:
        name: of the data set, or of a loader such as `imagefolder` with `root` as its folder.
        image: the column of images.
        label: the column of labels; None for none.
        images: everything `ImageDataModule` takes.
    """

    def __init__(self, name: str, image: str = "image", label: str | None = None, **images: Any) -> None:
        super().__init__(**images)
        self.name, self.image, self.label = name, image, label

    def pictures(self, split: Split) -> HuggingFacePictures:
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
        return HuggingFacePictures(rows, self.image, self.label)
