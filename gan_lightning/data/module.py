"""Data modules that hand out training batches of stored images."""

import logging
from abc import abstractmethod
from typing import Any, Literal

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from gan_lightning.data.cache import Direct, Store
from gan_lightning.data.loader import EpochOrder, Raw, ResumableLoader, Rows, RowsOnDevice
from gan_lightning.data.pictures import Pictures
from gan_lightning.data.stored import Split, StoredPictures, names
from gan_lightning.data.transforms import cropped, in_range, mirrored
from gan_lightning.types import Batch, Images, Labelled, NonNegativeInt, PositiveInt, Unlabelled

log = logging.getLogger(__name__)

SHARE_OF_DEVICE = 0.25
"""A set larger than this share of a GPU's free memory stays in main memory."""


class StoredDataModule(StoredPictures):
    """Shuffled batches in [-1, 1] on the device.

    Batches travel as bytes and become floats on the device, where they are cropped and mirrored too. Order, crops and
    mirroring are functions of (seed, epoch).

    Args:
        batch_size: of the global batch, divided among the processes.
        drop_last: leave out an epoch's last batch where it is smaller.
        num_workers: processes that gather batches; the cache needs none.
        on_device: whether the whole set is held in the device's memory; `auto` where it is small beside it.
        seed: of order, crops and mirroring.
        pictures: everything `StoredPictures` takes.
    """

    def __init__(
        self,
        batch_size: PositiveInt,
        drop_last: bool = False,
        num_workers: NonNegativeInt = 0,
        on_device: Literal["auto", True, False] = "auto",
        seed: NonNegativeInt = 0,
        **pictures: Any,
    ) -> None:
        super().__init__(**pictures)
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.num_workers = num_workers
        self.on_device = on_device
        self.seed = seed
        self.train: list[Store | Direct] = []

    def setup(self, stage: str) -> None:
        if self.train:
            return
        world = self._place()[1]
        if self.batch_size % world:
            raise ValueError(f"data.batch_size must be a multiple of the {world} processes; got {self.batch_size}")
        self.train = self.stores("train")
        for what, store in zip(names("train", len(self.train)), self.train, strict=True):
            store.survey.hold(what, self.on_bad, self.max_bad)
            if counts := self.class_counts(store):
                log.info("train: classes %s", ", ".join(f"{name}: {count:,}" for name, count in counts.items()))
        if not len(self._order()):
            count = max(map(len, self.train))
            raise ValueError(
                f"data.batch_size must be at most the number of images, {count}, where data.drop_last is true; "
                f"got {self.batch_size}"
            )

    def _unmoved(self, split: Split) -> list[Store | Direct]:
        if split == "train" and self.train and not self.margin:
            return self.train
        return super()._unmoved(split)

    def train_dataloader(self) -> DataLoader:
        device = self.trainer.strategy.root_device if self.trainer else torch.device("cpu")
        held = self._is_held_on(device)
        wanted = (self.train, self.flip, self.margin > 0)
        rows = RowsOnDevice(*wanted, device) if held else Rows(*wanted)
        workers = 0 if held else self.num_workers
        return ResumableLoader(
            rows,
            sampler=self._order(),
            batch_size=None,
            collate_fn=_as_it_is,
            num_workers=workers,
            persistent_workers=workers > 0,
            pin_memory=device.type == "cuda" and not held,
        )

    def on_after_batch_transfer(self, batch: Raw | tuple[Raw, ...], dataloader_idx: int) -> Batch:
        raws: tuple[Raw, ...] = (batch,) if isinstance(batch, Raw) else batch
        dtype: Any = self.trainer.lightning_module.dtype if self.trainer else torch.float32
        images = []
        for pixels, _, flips, corners in raws:
            pixels = pixels if corners is None else cropped(pixels, corners, self.shape.image_size)
            pixels = pixels if flips is None else mirrored(pixels, flips)
            images.append(in_range(pixels, dtype))
        return self.batch(images, [raw.labels for raw in raws])

    def _order(self) -> EpochOrder:
        counts = [len(store) for store in self.train]
        return EpochOrder(counts, self.batch_size, self.drop_last, self.seed, *self._place(), self.margin)

    def _place(self) -> tuple[int, int]:
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)

    def _is_held_on(self, device: torch.device) -> bool:
        if self.on_device != "auto" or device.type != "cuda" or self.cache != "auto":
            return self.on_device is True
        size = sum(store.pixels.nbytes for store in self.train if isinstance(store, Store))
        return size < SHARE_OF_DEVICE * torch.cuda.mem_get_info(device)[0]


def _as_it_is(batch: Any) -> Any:
    return batch


class ImageDataModule(StoredDataModule):
    """Batches of images; a data set says where its pictures come from.

    Args:
        num_classes: number of labels, for networks to read; None leaves labels aside.
        stored: everything `StoredDataModule` takes.
    """

    def __init__(self, num_classes: PositiveInt | None = None, **stored: Any) -> None:
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
