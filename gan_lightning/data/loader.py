"""The order of the images in an epoch, and the loader that follows it."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from gan_lightning.data.cache import CachedImages, FittedImages
from gan_lightning.randomness import derive

SHARE_OF_DEVICE = 0.25
"""A set larger than this share of a GPU's free memory stays in main memory."""


class BatchPlan(NamedTuple):
    """What one batch takes from each domain: image numbers, which images are flipped, and where their crops begin."""

    indices: tuple[list[int], ...]
    flips: tuple[list[bool], ...]
    corners: tuple[list[list[int]], ...]


class EpochSampler(Sampler[BatchPlan]):
    """Yields this rank's rows of each global batch; the trainer sets the epoch.

    An epoch goes once through the largest domain; a smaller one is shuffled again after each pass through it.

    Args:
        counts: number of images of each domain.
        batch_size: the number of rows of the global batch.
        drop_last: whether the last batch is left out if it is smaller.
        seed: the seed of the order, the flips and the crops.
        rank: the number of this process.
        world_size: number of processes. A last batch that they cannot share evenly loses its remainder.
        margin: how many pixels larger the images are than their crops, so corners are from 0 to margin.
    """

    def __init__(
        self,
        counts: Sequence[int],
        batch_size: int,
        drop_last: bool,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
        margin: int = 0,
    ) -> None:
        self.counts, self.batch_size, self.drop_last, self.seed = list(counts), batch_size, drop_last, seed
        self.rank, self.world_size, self.margin = rank, world_size, margin
        self.epoch = 0
        self.start = 0  # the number of rows that a resumed epoch has had already

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch whose order is drawn; Lightning calls this before each."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.batches_after(0)

    def batches_after(self, row: int) -> int:
        """Return how many batches an epoch has after its first rows."""
        full, rest = divmod(max(self.counts) - row, self.batch_size)
        return full + (not self.drop_last and rest >= self.world_size)

    def __iter__(self) -> Iterator[BatchPlan]:
        domains = [self._draw(domain, count) for domain, count in enumerate(self.counts)]
        start, self.start = self.start, 0  # only a resumed epoch begins in its middle
        for batch in range(self.batches_after(start)):
            begin = start + batch * self.batch_size
            rows = min(self.batch_size, max(self.counts) - begin) // self.world_size
            own = slice(begin + self.rank * rows, begin + (self.rank + 1) * rows)
            indices, flips, corners = (
                tuple(drawn[own].tolist() for drawn in each) for each in zip(*domains, strict=True)
            )
            yield BatchPlan(indices, flips, corners)

    def _draw(self, domain: int, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Draw a domain's order, flips and corners for the whole epoch."""
        stream = torch.Generator().manual_seed(derive(self.seed, "order", self.epoch, domain))
        length = max(self.counts)
        passes = -(-length // count)
        order = torch.cat([torch.randperm(count, generator=stream) for _ in range(passes)])[:length]
        flips = torch.rand(length, generator=stream) < 0.5
        return order, flips, torch.randint(self.margin + 1, (length, 2), generator=stream)


class ResumableLoader(DataLoader):
    """A loader whose state is its place in the epoch, so that a run resumes within an epoch.

    The place is the number of rows of global batches that were handed out. It means the same for another batch size, so
    that a run resumed with one still sees each image of the epoch once.
    """

    sampler: EpochSampler
    progress: Any = None
    """Lightning's count of the batches of an epoch, which a resumed run sets to the place in the epoch."""

    def __iter__(self) -> Iterator[Any]:
        self._rows = self.sampler.start
        for batch in super().__iter__():
            self._rows = min(self._rows + self.sampler.batch_size, max(self.sampler.counts))
            yield batch

    def state_dict(self) -> dict[str, int]:
        """Return the state that Lightning keeps in the checkpoint."""
        return {"rows": self._rows}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Begin where the state was taken; after a finished epoch that is the start of the next.

        Lightning must take as many batches as are left. It subtracts those that it has counted from all of an epoch,
        so its count becomes what this batch size would have counted.
        """
        left = self.sampler.batches_after(state["rows"])
        self.progress.is_last_batch = self.progress.is_last_batch or not left
        self.sampler.start = 0 if self.progress.is_last_batch else state["rows"]
        done = len(self.sampler) - (0 if self.progress.is_last_batch else left)
        current = self.progress.current
        more = done - current.ready
        for count in ("ready", "started", "processed", "completed"):
            setattr(current, count, getattr(current, count) + more)


class ByteBatch(NamedTuple):
    """One domain's part of a batch on its way to the device.

    Args:
        images: uint8 [B, C, H, W].
        labels: int [B]; None where there are none.
        flips: bool [B]; None where nothing is flipped.
        corners: int [B, 2], the row and column where each crop begins; None where nothing is cropped.
    """

    images: Tensor
    labels: Tensor | None
    flips: Tensor | None
    corners: Tensor | None


class BatchDataset(Dataset):
    """A data set whose items are whole batches, by their plans: a `ByteBatch`, or one for each of two domains.

    Args:
        domains: the images of each domain.
        flip: whether images are flipped as the plan says.
        crop: whether they are cropped as the plan says.
    """

    def __init__(self, domains: list[FittedImages], flip: bool, crop: bool = False) -> None:
        self.domains = domains
        self.flip = flip
        self.crop = crop

    def __getitem__(self, plan: BatchPlan) -> ByteBatch | tuple[ByteBatch, ...]:
        parts = tuple(self._part(domain, *drawn) for domain, drawn in enumerate(zip(*plan, strict=True)))
        return parts if len(parts) > 1 else parts[0]

    def _part(self, domain: int, indices: list[int], flips: list[bool], corners: list[list[int]]) -> ByteBatch:
        labels = self.domains[domain].labels
        return ByteBatch(
            self.pixels(domain, indices),
            None if labels is None else torch.from_numpy(labels[indices]),
            torch.tensor(flips) if self.flip else None,
            torch.tensor(corners) if self.crop else None,
        )

    def pixels(self, domain: int, indices: list[int]) -> Tensor:
        """Return the bytes [n, C, H, W] of some images of a domain."""
        return torch.from_numpy(self.domains[domain].rows(indices))


class DeviceBatchDataset(BatchDataset):
    """The same batches from the device's own memory, where each batch is an index selection.

    Args:
        domains: the images of each domain.
        flip: whether images are flipped as the plan says.
        crop: whether they are cropped as the plan says.
        device: the device that holds all images.
    """

    def __init__(self, domains: list[FittedImages], flip: bool, crop: bool, device: torch.device) -> None:
        super().__init__(domains, flip, crop)
        self.on_device = [torch.from_numpy(images.rows(list(range(len(images))))).to(device) for images in domains]

    @staticmethod
    def is_small(domains: list[FittedImages], device: torch.device) -> bool:
        """Return whether a set needs less than `SHARE_OF_DEVICE` of the memory that a GPU has left."""
        size = sum(images.pixels.nbytes for images in domains if isinstance(images, CachedImages))
        return size < SHARE_OF_DEVICE * torch.cuda.mem_get_info(device)[0]

    def pixels(self, domain: int, indices: list[int]) -> Tensor:
        held = self.on_device[domain]
        return held[torch.tensor(indices, device=held.device)]
