"""The data module of every image set."""

from abc import ABC, abstractmethod
from typing import Any, Literal

import numpy as np
import torch
from lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from gan_lightning.data.fit import fit
from gan_lightning.data.order import EpochOrder
from gan_lightning.data.pictures import Pictures
from gan_lightning.types import Count, Index, Labelled, Unlabelled

Split = Literal["train", "test"]


class Fitted(Dataset):
    """Whole batches of fitted pictures: uint8 images [B, C, H, W] and labels [B] or None."""

    def __init__(self, pictures: Pictures, **shape: Any) -> None:
        self.pictures = pictures
        self.shape = shape

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, indices: list[int]) -> tuple[Tensor, Tensor | None]:
        images = torch.from_numpy(np.stack([fit(self.pictures[index], **self.shape) for index in indices]))
        labels = self.pictures.labels
        return images, None if labels is None else torch.from_numpy(labels[indices])


class ImageDataModule(LightningDataModule, ABC):
    """Shuffled batches of images in [-1, 1] on the device; a data set says where its pictures come from.

    Images travel as bytes and become floats on the device.

    Args:
        image_size: side of the square images.
        channels: 1 for gray, 3 for RGB.
        batch_size: of the global batch, divided among the processes.
        root: the data set's folder.
        download: fetch what is missing, where the set has a source.
        num_classes: number of labels, for the networks to read; None leaves labels aside.
        center_crop: side of a square cut out of the middle before resizing.
        drop_last: leave out an epoch's last batch where it is smaller.
        num_workers: processes that read pictures.
        seed: of the shuffling.
    """

    def __init__(
        self,
        image_size: Count,
        channels: Literal[1, 3],
        batch_size: Count,
        root: str | None = None,
        download: bool = False,
        num_classes: Count | None = None,
        center_crop: Count | None = None,
        drop_last: bool = False,
        num_workers: Index = 0,
        seed: Index = 0,
    ) -> None:
        super().__init__()
        self.shape = {"image_size": image_size, "channels": channels, "center_crop": center_crop}
        self.batch_size = batch_size
        self.root = root
        self.download = download
        self.num_classes = num_classes
        self.drop_last = drop_last
        self.num_workers = num_workers
        self.seed = seed
        self.train: Fitted | None = None

    @abstractmethod
    def pictures(self, split: Split) -> Pictures:
        """The pictures of a split.

        Raises:
            ValueError: in one sentence that says what was looked for and where to put it.
        """

    def fetch(self) -> None:
        """Download what `pictures` will need; sets without a source have nothing to do."""

    def prepare_data(self) -> None:
        if self.download:
            self.fetch()

    def setup(self, stage: str) -> None:
        if self.train is None:
            pictures = self.pictures("train")
            self._world()
            self.train = Fitted(pictures, **self.shape)
            if not len(self.train_dataloader()):
                raise ValueError(
                    f"data.batch_size must be at most the number of images, {len(pictures)}, "
                    f"where data.drop_last is true; got {self.batch_size}"
                )

    def train_dataloader(self) -> DataLoader:
        assert self.train is not None
        rank, world = self._world()
        order = EpochOrder(len(self.train), self.batch_size, self.drop_last, self.seed, rank, world)
        return DataLoader(
            self.train,
            sampler=order,
            batch_size=None,
            collate_fn=_as_it_is,
            num_workers=self.num_workers,
            persistent_workers=self.num_workers > 0,
            pin_memory=torch.cuda.is_available(),
        )

    def on_after_batch_transfer(
        self, batch: tuple[Tensor, Tensor | None], dataloader_idx: int
    ) -> Unlabelled | Labelled:
        images, labels = batch
        dtype = self.trainer.lightning_module.dtype if self.trainer else torch.float32
        images = images.to(dtype) / 127.5 - 1
        return Unlabelled(images) if labels is None else Labelled(images, labels)

    def _world(self) -> tuple[int, int]:
        rank, world = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        if self.batch_size % world:
            raise ValueError(f"data.batch_size must be a multiple of the {world} processes; got {self.batch_size}")
        return rank, world


def _as_it_is(batch: Any) -> Any:
    return batch
