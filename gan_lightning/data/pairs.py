"""Data modules of two domains, aligned or not."""

from torch import Tensor

from gan_lightning.data.base import StoredDataModule
from gan_lightning.data.half import Half
from gan_lightning.data.stored import Split
from gan_lightning.types import Aligned, Images, ImageSet, Pair


class AlignedDataModule(StoredDataModule):
    """Batches of pairs that belong together; a picture holds both of its parts, so neither can be lost alone."""

    def batch(self, images: list[Images], labels: list[Tensor | None]) -> Aligned:
        return Aligned(*images[0].chunk(2, dim=1))

    def stills(self, split: Split) -> list[ImageSet]:
        (pairs,) = super().stills(split)
        return [Half(pairs, 0), Half(pairs, 1)]


class UnalignedDataModule(StoredDataModule):
    """Batches with images of x beside any of y; an epoch goes once through the larger domain."""

    def batch(self, images: list[Images], labels: list[Tensor | None]) -> Pair:
        return Pair(*images)
