"""The order of the images: a function of seed and epoch alone."""

from collections.abc import Iterator

import torch
from torch.utils.data import Sampler

from gan_lightning.randomness import derive


class EpochOrder(Sampler[list[int]]):
    """Yields this rank's rows of each global batch; the trainer sets the epoch.

    Args:
        count: number of images.
        batch_size: of the global batch.
        drop_last: leave out the last batch where it is smaller.
        seed: of the shuffling.
        rank: this process.
        world: number of processes. A last batch that they cannot share evenly loses its remainder.
    """

    def __init__(self, count: int, batch_size: int, drop_last: bool, seed: int, rank: int = 0, world: int = 1) -> None:
        self.count, self.batch_size, self.drop_last, self.seed = count, batch_size, drop_last, seed
        self.rank, self.world = rank, world
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Lightning calls this before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        whole, rest = divmod(self.count, self.batch_size)
        return whole + (not self.drop_last and rest >= self.world)

    def __iter__(self) -> Iterator[list[int]]:
        stream = torch.Generator().manual_seed(derive(self.seed, "order", self.epoch))
        order = torch.randperm(self.count, generator=stream)
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            batch = order[start : start + self.batch_size]
            rows = len(batch) // self.world
            yield batch[self.rank * rows : (self.rank + 1) * rows].tolist()
