"""What all data modules share: where bytes are kept, how they reach the device, and what they become there."""

import logging
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader

from gan_lightning.data.arrival import cropped, in_range, mirrored
from gan_lightning.data.cache import Store, stored
from gan_lightning.data.direct import Direct, examined
from gan_lightning.data.fit import Shape
from gan_lightning.data.order import EpochOrder, ResumableLoader
from gan_lightning.data.pictures import Pictures
from gan_lightning.data.rows import Raw, Rows, RowsOnDevice
from gan_lightning.data.stills import Stills
from gan_lightning.data.survey import OnBad
from gan_lightning.types import Batch, Count, Images, Index, Rate

log = logging.getLogger(__name__)

Split = Literal["train", "test"]
SHARE_OF_DEVICE = 0.25
"""A set larger than this share of a GPU's free memory stays in main memory."""


class StoredDataModule(LightningDataModule, ABC):
    """Shuffled batches in [-1, 1] on the device.

    Each picture is decoded once, into a cache that later runs share; batches travel as bytes and become floats on the
    device, where they are cropped and mirrored too. Order, crops and mirroring are functions of (seed, epoch).

    Args:
        image_size: side of the square images.
        channels: 1 for gray, 3 for RGB.
        batch_size: of the global batch, divided among the processes.
        root: the data set's folder.
        download: fetch what is missing, where the set has a source.
        fit: `crop`, `pad` or `stretch` to the square.
        center_crop: side of a square cut out of the middle first.
        flip: mirror every other image at random.
        load_size: side to which pictures for training are fitted before a random square of `image_size` is cut out of
            each (286 for 256 in pix2pix); None for no such jitter. Both images of an aligned pair share the square.
        drop_last: leave out an epoch's last batch where it is smaller.
        num_workers: processes that gather batches; the cache needs none.
        cache: `auto` keeps decoded pictures on disk; `off` decodes them again in each epoch.
        cache_dir: where the cache lies.
        on_device: whether the whole set is held in the device's memory; `auto` where it is small beside it.
        on_bad: what to do with pictures that cannot be read: `skip` and name them, or `raise`.
        max_bad: the share of bad pictures from which on it is an error.
        expected: known number of pictures of each split, for `gan-lightning check`.
        seed: of order, crops and mirroring.

    Raises:
        ValueError: for a `load_size` below `image_size`.
    """

    def __init__(
        self,
        image_size: Count,
        channels: Literal[1, 3],
        batch_size: Count,
        root: str | None = None,
        download: bool = False,
        fit: Literal["crop", "pad", "stretch"] = "crop",
        center_crop: Count | None = None,
        flip: bool = False,
        load_size: Count | None = None,
        drop_last: bool = False,
        num_workers: Index = 0,
        cache: Literal["auto", "off", False] = "auto",
        cache_dir: str = "~/.cache/gan_lightning",
        on_device: Literal["auto", True, False] = "auto",
        on_bad: OnBad = "skip",
        max_bad: Rate = 0.01,
        expected: Mapping[str, int] | None = None,
        seed: Index = 0,
    ) -> None:
        super().__init__()
        if load_size is not None and load_size < image_size:
            raise ValueError(f"data.load_size must be null or at least data.image_size, {image_size}; got {load_size}")
        self.shape = Shape(image_size, channels, fit, center_crop)
        self.margin = 0 if load_size is None else load_size - image_size
        self.batch_size = batch_size
        self.root = root
        self.download = download
        self.flip = flip
        self.drop_last = drop_last
        self.num_workers = num_workers
        self.cache = cache
        self.cache_dir = Path(cache_dir).expanduser()
        self.on_device = on_device
        self.on_bad = on_bad
        self.max_bad = max_bad
        self.expected = dict(expected or {})
        self.seed = seed
        self.train: list[Store | Direct] = []
        self.unmoved: dict[Split, list[Store | Direct]] = {}
        self.shown: Split | None = None

    @abstractmethod
    def domains(self, split: Split) -> list[Pictures]:
        """The pictures of each domain of a split.

        Raises:
            ValueError: in one sentence that says what was looked for and where to put it.
        """

    @abstractmethod
    def batch(self, images: list[Images], labels: list[Tensor | None]) -> Batch:
        """The batch that networks see, from each domain's images in [-1, 1] and labels."""

    def fetch(self) -> None:
        """Download what `domains` will need; sets without a source have nothing to do."""

    def problems(self) -> list[str]:
        """What is wrong with the files beyond what reading them shows, for `gan-lightning check`."""
        return []

    def shape_of(self, split: Split) -> Shape:
        """What a split's pictures are fitted to: those for training leave room for their crops."""
        return self.shape._replace(image_size=self.shape.image_size + (self.margin if split == "train" else 0))

    def stores(self, split: Split, shape: Shape | None = None) -> list[Store | Direct]:
        """The fitted pictures of each domain of a split, decoded now where no cache holds them.

        Args:
            split: whose pictures.
            shape: what they are fitted to; None for the split's own.
        """
        shape = shape or self.shape_of(split)
        found: list[Store | Direct] = []
        domains = self.domains(split)
        for what, pictures in zip(names(split, len(domains)), domains, strict=True):
            if self.cache == "auto":
                found.append(stored(pictures, shape, self.flip, self.cache_dir, what))
            else:
                found.append(examined(pictures, shape, what))
        return found

    def class_counts(self, store: Store | Direct) -> dict[str, int]:
        """Pictures of each class, by its name or number; nothing where there are no labels."""
        return {} if store.labels is None else dict(Counter(map(str, sorted(store.labels.tolist()))))

    def prepare_data(self) -> None:
        if self.download:
            self.fetch()

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

    def still(
        self, split: Split, batch_size: int, device: torch.device, dtype: torch.dtype = torch.float32
    ) -> Iterator[Batch]:
        """Batches on a device of a split's pictures in their own order, neither cropped at random nor mirrored.

        Pictures for training are fitted like those for tests. The last batch may be smaller; two domains that do not
        belong together end with the smaller one. The order and the crops of training go on untouched.

        Args:
            split: whose pictures.
            batch_size: of one batch, on this process alone.
            device: where the batches are wanted.
            dtype: of the images.

        Raises:
            ValueError: at once, where the set has no such split or too many of its pictures cannot be read.
        """
        stores = self._unmoved(split)
        count = min(map(len, stores))
        places = (list(range(begin, min(begin + batch_size, count))) for begin in range(0, count, batch_size))
        return (self._still(stores, [numbers] * len(stores), device, dtype) for numbers in places)

    def spread(self, count: int, device: torch.device, dtype: torch.dtype = torch.float32) -> Batch:
        """One still batch of about `count` pictures of each domain, evenly spaced in the test split.

        In the training split where there is no other.
        """
        stores = self._unmoved(self.shown_split())
        count = min(count, *map(len, stores))
        numbers = [[row * len(store) // count for row in range(count)] for store in stores]
        return self._still(stores, numbers, device, dtype)

    def stills(self, split: Split) -> list[Stills]:
        """The pictures of each domain of a split, by number, neither cropped at random nor mirrored.

        Raises:
            ValueError: where the set has no such split or too many of its pictures cannot be read.
        """
        return list(self._unmoved(split))

    def shown_split(self) -> Split:
        """`test`, or `train` where there is no other."""
        if self.shown is None:
            try:
                self._unmoved("test")
                self.shown = "test"
            except ValueError as error:
                log.info("training images are shown, for there are no others: %s", error)
                self.shown = "train"
        return self.shown

    def _unmoved(self, split: Split) -> list[Store | Direct]:
        if split == "train" and self.train and not self.margin:
            self.unmoved[split] = self.train
        if split not in self.unmoved:
            found = self.stores(split, self.shape)
            for what, store in zip(names(split, len(found)), found, strict=True):
                store.survey.hold(what, self.on_bad, self.max_bad)
            self.unmoved[split] = found
        return self.unmoved[split]

    def _still(
        self, stores: list[Store | Direct], numbers: list[list[int]], device: torch.device, dtype: torch.dtype
    ) -> Batch:
        found = list(zip(stores, numbers, strict=True))
        images = [in_range(torch.from_numpy(store.rows(own)).to(device), dtype) for store, own in found]
        labels = [None if store.labels is None else torch.from_numpy(store.labels[own]) for store, own in found]
        return self.batch(images, [None if each is None else each.to(device) for each in labels])

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


def names(split: Split, domains: int) -> list[str]:
    """What to call the domains of a split in messages: `train`, or `train x` and `train y`."""
    return [split] if domains == 1 else [f"{split} {'xy'[number]}" for number in range(domains)]


def _as_it_is(batch: Any) -> Any:
    return batch
