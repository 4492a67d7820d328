"""Data modules of one domain: images, with or without labels."""

from abc import abstractmethod
from typing import Any

from torch import Tensor

from gan_lightning.data.base import StoredDataModule
from gan_lightning.data.pictures import Pictures
from gan_lightning.data.stored import Split
from gan_lightning.types import Count, Images, Labelled, Unlabelled


class ImageDataModule(StoredDataModule):
    """Batches of images; a data set says where its pictures come from.

    Args:
        num_classes: number of labels, for networks to read; None leaves labels aside.
        stored: everything `StoredDataModule` takes.
    """

    def __init__(self, num_classes: Count | None = None, **stored: Any) -> None:
        super().__init__(**stored)
        self.num_classes = num_classes

    @abstractmethod
    def pictures(self, split: Split) -> Pictures:
        """The pictures of a split.

        Raises:
            ValueError: in one sentence that says what was looked for and where to put it.
        """

    def domains(self, split: Split) -> list[Pictures]:
        pictures = self.pictures(split)
        labels = pictures.labels
        if self.num_classes is None or labels is None:
            pictures.labels = None
        elif len(labels) and labels.max() >= self.num_classes:
            raise ValueError(f"data.num_classes must be at least {labels.max() + 1} here; got {self.num_classes}")
        return [pictures]

    def batch(self, images: list[Images], labels: list[Tensor | None]) -> Unlabelled | Labelled:
        return Unlabelled(images[0]) if labels[0] is None else Labelled(images[0], labels[0])
