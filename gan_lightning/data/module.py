"""Data modules that hand out batches of stored images, for training and for evaluation."""

import logging
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader

from gan_lightning import signals
from gan_lightning.data import batch_checks
from gan_lightning.data.cache import FittedImages, cached_images, uncached_images
from gan_lightning.data.decode import OnBad
from gan_lightning.data.images import PILImages
from gan_lightning.data.loader import BatchDataset, ByteBatch, DeviceBatchDataset, EpochSampler, ResumableLoader
from gan_lightning.data.splits import Split, by_name, counts_of, domains_of
from gan_lightning.data.transforms import Shape, cropped, flipped, in_range
from gan_lightning.types import Batch, Images, ImageSet, NonNegativeFloat, NonNegativeInt, PositiveInt, Share
from gan_lightning.values import Existing

log = logging.getLogger(__name__)


@dataclass(kw_only=True, eq=False)
class StoredDataModule(LightningDataModule, ABC):
    """Batches of stored images in [-1, 1] on the device.

    Each image is decoded once, into a cache that later runs share. Batches are moved as bytes and become floats on the
    device, where they are cropped and flipped too. Order, crops and flips are functions of (seed, epoch).

    Args:
        image_size: side of the square images, in pixels.
        channels: 1 for gray, 3 for RGB.
        batch_size: rows of the global batch, which the processes divide among them.
        root: the data set's folder.
        download: whether missing files are downloaded, if the set has a source.
        fit: `crop`, `pad` or `stretch` images to the square, see `Shape`.
        center_crop: side of a square cut out of the middle first; None for no such cut.
        flip: whether half of the training images, chosen at random, are flipped left to right.
        load_size: side to which training images are fitted before a random square of `image_size` is cut out of each
            (286 for 256 in pix2pix); None for no random crops. Both images of an aligned pair share the square.
        drop_last: whether an epoch's last batch is left out if it is smaller.
        num_workers: processes that gather batches; the cache needs none.
        cache: `auto` keeps decoded images on disk; `off` decodes them again in each epoch.
        cache_dir: the folder of all caches.
        on_device: whether the whole set is held in the device's memory; `auto` if it is small compared with that.
        on_bad: `skip` leaves out and names images that cannot be read, `raise` makes them an error.
        max_bad: the largest share of images that may be left out, and a few of small sets, see `allowed`.
        test_fraction: the share of the training images that is held out as the test split, for sets that have no test
            images of their own; 0 for none.
        expected: the known number of images of each split, for `gan-lightning check`.
        seed: the seed of the order, the crops and the flips.

    Raises:
        ValueError: if `load_size` is below `image_size`, or `test_fraction` is 1 or more.
    """

    image_size: PositiveInt
    channels: Literal[1, 3]
    batch_size: PositiveInt
    root: Annotated[str, Existing("folder", unless="download")] | None = None
    download: bool = False
    fit: Literal["crop", "pad", "stretch"] = "crop"
    center_crop: PositiveInt | None = None
    flip: bool = False
    load_size: PositiveInt | None = None
    drop_last: bool = False
    num_workers: NonNegativeInt = 0
    cache: Literal["auto", "off", False] = "auto"
    cache_dir: str = "~/.cache/gan_lightning"
    on_device: Literal["auto", True, False] = "auto"
    on_bad: OnBad = "skip"
    max_bad: NonNegativeFloat = 0.01
    test_fraction: Share = 0
    expected: Mapping[str, int] | None = None
    seed: NonNegativeInt = 0

    def __post_init__(self) -> None:
        super().__init__()
        if self.load_size is not None and self.load_size < self.image_size:
            raise ValueError(
                f"data.load_size must be null or at least data.image_size, {self.image_size}; got {self.load_size}"
            )
        if self.test_fraction >= 1:
            raise ValueError(f"data.test_fraction must be at least 0 and less than 1; got {self.test_fraction}")
        self.cache_folder = Path(self.cache_dir).expanduser()
        self.shape = Shape(self.image_size, self.channels, self.fit, self.center_crop)
        self.margin = 0 if self.load_size is None else self.load_size - self.image_size
        self.train: list[FittedImages] = []
        self._evaluation_sets: dict[Split, list[FittedImages]] = {}
        self._evaluation_split: Split | None = None

    # What a data set defines.

    @property
    @abstractmethod
    def batch_type(self) -> type[Batch]:
        """The kind of batch that is handed out."""

    @abstractmethod
    def domains(self, split: Split) -> list[PILImages]:
        """Find the images of each domain of a split.

        Raises:
            ValueError: if they are missing; the message names what was looked for and where to put it.
        """

    @abstractmethod
    def batch(self, images: list[Images], labels: list[Tensor | None]) -> Batch:
        """Make the batch that models see from each domain's images in [-1, 1] and labels."""

    def check_files(self) -> None:
        """Check training images by their files' names and headers, if the set has such; a ValueError says no."""

    def fetch(self) -> None:
        """Download what `domains` needs; sets without a source have nothing to do."""

    def remarks(self) -> list[str]:
        """Return what is odd about the files beyond what reading them shows, for `gan-lightning check`."""
        return []

    def class_counts(self, images: FittedImages) -> dict[str, int]:
        """Count the images of each class, by its name or number; the result is empty where there are no labels."""
        return {} if images.labels is None else dict(Counter(map(str, sorted(images.labels.tolist()))))

    def fitted_size(self, split: Split) -> int:
        """Return the side to which a split's images are fitted; training images leave room for random crops."""
        return self.image_size + (self.margin if split == "train" else 0)

    def fitted_shape(self, image_size: int) -> Shape:
        """Return the shape of images fitted to squares of a side."""
        return self.shape._replace(image_size=image_size)

    def fitted_images(self, split: Split, image_size: int | None = None) -> list[FittedImages]:
        """Return the fitted images of each domain of a split, decoded now if no cache has them.

        Args:
            split: the split whose images are fitted.
            image_size: side to which they are fitted; None for the split's own.

        Raises:
            ValueError: if the set has no such split, or the cache cannot be written.
        """
        shape = self.fitted_shape(image_size or self.fitted_size(split))
        named = by_name(split, domains_of(split, self.domains, self.test_fraction)).items()
        if self.cache == "auto":
            return [cached_images(images, shape, self.cache_folder, name) for name, images in named]
        return [uncached_images(images, shape, name) for name, images in named]

    def check_training_images(self, domains: list[FittedImages]) -> None:
        """Check that training can use the images, and log what its batches are like.

        Raises:
            ValueError: if too many images of a domain cannot be read, or there are too few for the batches.
        """
        for name, images in by_name("train", domains).items():
            images.survey.check(name, self.on_bad, self.max_bad)
        given = counts_of(domains), self.batch_size, self.drop_last, self._rank_and_world_size()[1]
        batch_checks.check_counts(*given)
        batch_checks.warn_of_small_batches(*given)

    def prepare_data(self) -> None:
        if self.download:
            self.fetch()

    def setup(self, stage: str) -> None:
        if self.train:
            return
        batch_checks.check_batch_size(self.batch_size, self._rank_and_world_size()[1])
        batch_checks.check_workers(self.num_workers)
        train = self.fitted_images("train")
        self.check_training_images(train)
        self.train = train
        for name, images in by_name("train", train).items():
            images.survey.log(name)
            images.survey.log_enlarged(name, self.image_size)
            if counts := self.class_counts(images):
                log.info("%s: images of each class: %s", name, batch_checks.in_words(counts))

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps of the data: what the images are, so that no run continues on others."""
        return {"fingerprints": [images.fingerprint for images in self.train]}

    def train_dataloader(self) -> DataLoader:
        device = self.trainer.strategy.root_device if self.trainer else torch.device("cpu")
        is_held = self._is_held_on(device)
        given = (self.train, self.flip, self.margin > 0)
        workers = 0 if is_held else self.num_workers
        loader = ResumableLoader(
            DeviceBatchDataset(*given, device) if is_held else BatchDataset(*given),
            sampler=self._sampler(),
            batch_size=None,
            collate_fn=_unchanged,
            num_workers=workers,
            worker_init_fn=signals.leave_to_parent,
            persistent_workers=workers > 0,
            pin_memory=device.type == "cuda" and not is_held,
        )
        loader.progress = self.trainer and self.trainer.fit_loop.epoch_loop.batch_progress
        return loader

    def on_after_batch_transfer(self, batch: ByteBatch | tuple[ByteBatch, ...], dataloader_idx: int) -> Batch:
        domains: tuple[ByteBatch, ...] = (batch,) if isinstance(batch, ByteBatch) else batch
        dtype: Any = self.trainer.lightning_module.dtype if self.trainer else torch.float32
        images = []
        for pixels, _, flips, corners in domains:
            pixels = pixels if corners is None else cropped(pixels, corners, self.image_size)
            pixels = pixels if flips is None else flipped(pixels, flips)
            images.append(in_range(pixels, dtype))
        return self.batch(images, [domain.labels for domain in domains])

    def _sampler(self) -> EpochSampler:
        counts, place = list(map(len, self.train)), self._rank_and_world_size()
        return EpochSampler(counts, self.batch_size, self.drop_last, self.seed, *place, self.margin)

    def _rank_and_world_size(self) -> tuple[int, int]:
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)

    def _is_held_on(self, device: torch.device) -> bool:
        if self.on_device != "auto" or device.type != "cuda" or self.cache != "auto":
            return self.on_device is True
        return DeviceBatchDataset.is_small(self.train, device)

    def evaluation_split(self) -> Split:
        """Return `test`, or `train` where there is no other."""
        if self._evaluation_split is None:
            try:
                self._evaluation_set("test")
                self._evaluation_split = "test"
            except ValueError as error:
                log.info("training images serve for evaluation too, because there are no others: %s", error)
                self._evaluation_split = "train"
        return self._evaluation_split

    def evaluation_images(self, split: Split) -> list[ImageSet]:
        """Return the images of each domain of a split, by number, neither cropped at random nor flipped.

        Raises:
            ValueError: if the set has no such split or too many of its images cannot be read.
        """
        return list(self._evaluation_set(split))

    def true_split(self, split: Split, domain: int = 0) -> Split:
        """Return `train` if a split has exactly the training images, as in sets with no others; else the split."""
        if split == "train":
            return split
        own, training = (self.evaluation_images(name)[domain] for name in (split, "train"))
        return "train" if own.fingerprint == training.fingerprint else split

    def evaluation_batches(
        self, split: Split, batch_size: int, device: torch.device, dtype: torch.dtype = torch.float32
    ) -> Iterator[Batch]:
        """Return batches of a split's images in their own order, neither cropped at random nor flipped.

        Training images are fitted like test images. The last batch may be smaller; two domains that do not belong
        together end with the smaller one. Order, flips and crops of training are not touched.

        Args:
            split: the split whose images are read.
            batch_size: rows of one batch, on this process alone.
            device: the device that gets the batches.
            dtype: the images' type.

        Raises:
            ValueError: before the first batch, if the set has no such split or too many of its images cannot be read.
        """
        domains = self._evaluation_set(split)
        count = min(map(len, domains))
        numbers = (list(range(begin, min(begin + batch_size, count))) for begin in range(0, count, batch_size))
        return (self._evaluation_batch(domains, each, device, dtype) for each in numbers)

    def _evaluation_set(self, split: Split) -> list[FittedImages]:
        if split == "train" and self.train and not self.margin:
            return self.train
        if split not in self._evaluation_sets:
            domains = self.fitted_images(split, self.image_size)
            for name, images in by_name(split, domains).items():
                images.survey.check(name, self.on_bad, self.max_bad)
                images.survey.log(name)
            self._evaluation_sets[split] = domains
        return self._evaluation_sets[split]

    def _evaluation_batch(
        self, domains: list[FittedImages], numbers: list[int], device: torch.device, dtype: torch.dtype
    ) -> Batch:
        images = [in_range(torch.from_numpy(each.rows(numbers)).to(device), dtype) for each in domains]
        labels = [None if each.labels is None else torch.from_numpy(each.labels[numbers]) for each in domains]
        return self.batch(images, [None if each is None else each.to(device) for each in labels])


def _unchanged(batch: Any) -> Any:
    return batch
