"""Pictures from their files to batches that stand still; training's batches are a floor above."""

import logging
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import torch
from lightning import LightningDataModule
from torch import Tensor

from gan_lightning.data.cache import Direct, Store, examined, stored
from gan_lightning.data.decode import OnBad
from gan_lightning.data.pictures import Pictures
from gan_lightning.data.transforms import Shape, in_range
from gan_lightning.types import Batch, Images, ImageSet, NonNegativeFloat, PositiveInt

log = logging.getLogger(__name__)

Split = Literal["train", "test"]


class StoredPictures(LightningDataModule, ABC):
    """The pictures of a data set; each is decoded once, into a cache that later runs share.

    Args:
        image_size: side of the square images.
        channels: 1 for gray, 3 for RGB.
        root: the data set's folder.
        download: fetch what is missing, where the set has a source.
        fit: `crop`, `pad` or `stretch` to the square.
        center_crop: side of a square cut out of the middle first.
        flip: mirror every other image at random.
        load_size: side to which pictures for training are fitted before a random square of `image_size` is cut out of
            each (286 for 256 in pix2pix); None for no such jitter. Both images of an aligned pair share the square.
        cache: `auto` keeps decoded pictures on disk; `off` decodes them again in each epoch.
        cache_dir: where the cache lies.
        on_bad: what to do with pictures that cannot be read: `skip` and name them, or `raise`.
        max_bad: the share of bad pictures from which on it is an error.
        expected: known number of pictures of each split, for `gan-lightning check`.

    Raises:
        ValueError: for a `load_size` below `image_size`.
    """

    def __init__(
        self,
        image_size: PositiveInt,
        channels: Literal[1, 3],
        root: str | None = None,
        download: bool = False,
        fit: Literal["crop", "pad", "stretch"] = "crop",
        center_crop: PositiveInt | None = None,
        flip: bool = False,
        load_size: PositiveInt | None = None,
        cache: Literal["auto", "off", False] = "auto",
        cache_dir: str = "~/.cache/gan_lightning",
        on_bad: OnBad = "skip",
        max_bad: NonNegativeFloat = 0.01,
        expected: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__()
        if load_size is not None and load_size < image_size:
            raise ValueError(f"data.load_size must be null or at least data.image_size, {image_size}; got {load_size}")
        self.shape = Shape(image_size, channels, fit, center_crop)
        self.margin = 0 if load_size is None else load_size - image_size
        self.root = root
        self.download = download
        self.flip = flip
        self.cache = cache
        self.cache_dir = Path(cache_dir).expanduser()
        self.on_bad = on_bad
        self.max_bad = max_bad
        self.expected = dict(expected or {})
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

    def evaluation_batches(
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
        stores = self._unmoved(self.evaluation_split())
        count = min(count, *map(len, stores))
        numbers = [[row * len(store) // count for row in range(count)] for store in stores]
        return self._still(stores, numbers, device, dtype)

    def evaluation_images(self, split: Split) -> list[ImageSet]:
        """The pictures of each domain of a split, by number, neither cropped at random nor mirrored.

        Raises:
            ValueError: where the set has no such split or too many of its pictures cannot be read.
        """
        return list(self._unmoved(split))

    def evaluation_split(self) -> Split:
        """`test`, or `train` where there is no other."""
        if self.shown is None:
            try:
                self._unmoved("test")
                self.shown = "test"
            except ValueError as error:
                log.info("training images are shown, for there are no others: %s", error)
                self.shown = "train"
        return self.shown

    def true_split(self, split: Split, domain: int = 0) -> Split:
        """Return `train` where a split's images are the very training images, as in sets without others."""
        if split == "train":
            return split
        both = (self.evaluation_images(name)[domain].fingerprint for name in ("train", split))
        return "train" if len(set(both)) == 1 else split

    def _unmoved(self, split: Split) -> list[Store | Direct]:
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


def names(split: Split, domains: int) -> list[str]:
    """What to call the domains of a split in messages: `train`, or `train x` and `train y`."""
    return [split] if domains == 1 else [f"{split} {'xy'[number]}" for number in range(domains)]
