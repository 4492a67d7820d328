"""Data modules of one domain: images, with class labels where the set has any."""

from abc import abstractmethod
from dataclasses import dataclass

from torch import Tensor

from gan_lightning.data.images import PILImages
from gan_lightning.data.module import StoredDataModule
from gan_lightning.data.splits import Split
from gan_lightning.types import Batch, Images, Labelled, PositiveInt, Unlabelled


@dataclass(kw_only=True, eq=False)
class ImageDataModule(StoredDataModule):
    """Batches of images of one domain, with their labels where the set has any.

    Args:
        num_classes: number of classes, for networks to read; None for batches without labels.
    """

    num_classes: PositiveInt | None = None

    @abstractmethod
    def images(self, split: Split) -> PILImages:
        """Find the images of a split.

        Raises:
            ValueError: if they are missing; the message names what was looked for and where to put it.
        """

    @property
    def batch_type(self) -> type[Batch]:
        return Unlabelled if self.num_classes is None else Labelled

    def domains(self, split: Split) -> list[PILImages]:
        images = self.images(split)
        if self.num_classes is None:
            images.labels = None
        elif images.labels is None:
            raise ValueError(
                f"data.num_classes must be null, because these images have no labels; got {self.num_classes}"
            )
        elif len(images.labels) and images.labels.min() < 0:
            raise ValueError(f"data: labels must be 0 or more; the smallest of these is {images.labels.min()}")
        elif len(images.labels) and images.labels.max() >= self.num_classes:
            raise ValueError(
                f"data.num_classes must be at least {images.labels.max() + 1} for these labels; got {self.num_classes}"
            )
        return [images]

    def batch(self, images: list[Images], labels: list[Tensor | None]) -> Unlabelled | Labelled:
        return Unlabelled(images[0]) if labels[0] is None else Labelled(images[0], labels[0])
