"""The order of the images in an epoch, and the loader that follows it."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from gan_lightning.data.cache import Direct, Store
from gan_lightning.randomness import derive


class Step(NamedTuple):
    """What one batch takes from each domain: numbers of pictures, which are mirrored, and where crops of them begin."""

    indices: tuple[list[int], ...]
    flips: tuple[list[bool], ...]
    corners: tuple[list[list[int]], ...]


class EpochOrder(Sampler[Step]):
    """Yields this rank's rows of each global batch; the trainer sets the epoch.

    An epoch goes once through the largest domain; a smaller one is shuffled anew each time it is through.

    Args:
        counts: number of pictures of each domain.
        batch_size: of the global batch.
        drop_last: leave out the last batch where it is smaller.
        seed: of the shuffling, the mirroring and the crops.
        rank: this process.
        world: number of processes. A last batch that they cannot share evenly loses its remainder.
        margin: by how many pixels pictures are larger than the crops of them, so corners lie in 0 to margin.
    """

    def __init__(
        self,
        counts: Sequence[int],
        batch_size: int,
        drop_last: bool,
        seed: int,
        rank: int = 0,
        world: int = 1,
        margin: int = 0,
    ) -> None:
        self.counts, self.batch_size, self.drop_last, self.seed = list(counts), batch_size, drop_last, seed
        self.rank, self.world, self.margin = rank, world, margin
        self.epoch = 0
        self.start = 0

    def set_epoch(self, epoch: int) -> None:
        """Lightning calls this before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        whole, rest = divmod(max(self.counts), self.batch_size)
        return whole + (not self.drop_last and rest >= self.world)

    def __iter__(self) -> Iterator[Step]:
        domains = [self._domain(number, count) for number, count in enumerate(self.counts)]
        start, self.start = self.start, 0  # only the epoch that is resumed begins in its middle
        for batch in range(start, len(self)):
            begin = batch * self.batch_size
            rows = min(self.batch_size, max(self.counts) - begin) // self.world
            mine = slice(begin + self.rank * rows, begin + (self.rank + 1) * rows)
            drawn = zip(*domains, strict=True)
            yield Step(*(tuple(each[mine].tolist() for each in of_domains) for of_domains in drawn))

    def _domain(self, number: int, count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        stream = torch.Generator().manual_seed(derive(self.seed, "order", self.epoch, number))
        length = max(self.counts)
        passes = -(-length // count)
        order = torch.cat([torch.randperm(count, generator=stream) for _ in range(passes)])[:length]
        flips = torch.rand(length, generator=stream) < 0.5
        return order, flips, torch.randint(self.margin + 1, (length, 2), generator=stream)


class ResumableLoader(DataLoader):
    """Continues in the middle of an epoch: its state is the epoch and the number of batches handed out."""

    sampler: EpochOrder

    def __iter__(self) -> Iterator[Any]:
        self._handed_out = self.sampler.start
        for batch in super().__iter__():
            self._handed_out += 1
            yield batch

    def state_dict(self) -> dict[str, int]:
        """Lightning keeps this in the checkpoint."""
        return {"epoch": self.sampler.epoch, "batch": self._handed_out}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Begin where the state was taken; a finished epoch is left behind."""
        self.sampler.start = state["batch"] % len(self.sampler)


class Raw(NamedTuple):
    """A domain's rows of a batch on their way to the device: uint8 images [B, C, H, W].

    None where there are no labels, or no mirroring or cropping is wanted.
    """

    images: Tensor
    labels: Tensor | None
    flips: Tensor | None
    corners: Tensor | None


class Rows(Dataset):
    """Whole batches by their order's steps.

    Args:
        domains: one store for each domain.
        flip: whether the order's mirroring is wanted.
        crop: whether its crops are.
    """

    def __init__(self, domains: list[Store | Direct], flip: bool, crop: bool = False) -> None:
        self.domains = domains
        self.flip = flip
        self.crop = crop

    def __getitem__(self, step: Step) -> Raw | tuple[Raw, ...]:
        raws = tuple(self._raw(*of_domain) for of_domain in zip(self.domains, *step, strict=True))
        return raws if len(raws) > 1 else raws[0]

    def _raw(self, store: Store | Direct, indices: list[int], flips: list[bool], corners: list[list[int]]) -> Raw:
        return Raw(
            self.pixels(store, indices),
            None if store.labels is None else torch.from_numpy(store.labels[indices]),
            torch.tensor(flips) if self.flip else None,
            torch.tensor(corners) if self.crop else None,
        )

    def pixels(self, store: Store | Direct, indices: list[int]) -> Tensor:
        """The bytes of some pictures."""
        return torch.from_numpy(store.rows(indices))


class RowsOnDevice(Rows):
    """The same from the device's own memory: a batch is an index selection there."""

    def __init__(self, domains: list[Store | Direct], flip: bool, crop: bool, device: torch.device) -> None:
        super().__init__(domains, flip, crop)
        whole = (store.rows(list(range(len(store)))) for store in domains)
        self.on_device = {
            id(store): torch.from_numpy(rows).to(device) for store, rows in zip(domains, whole, strict=True)
        }

    def pixels(self, store: Store | Direct, indices: list[int]) -> Tensor:
        held = self.on_device[id(store)]
        return held[torch.tensor(indices, device=held.device)]
