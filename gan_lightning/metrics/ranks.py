"""The work of scoring divided among processes, each image exactly once."""

import torch.distributed as dist

from gan_lightning.metrics.statistics import Statistics
from gan_lightning.randomness import place


def share(count: int) -> range:
    """The numbers of this process's images of `count`: a run of them, no padding, lengths differ by one at most."""
    rank, world = place()
    return range(count * rank // world, count * (rank + 1) // world)


def gathered(own: Statistics) -> Statistics:
    """The statistics of all processes' images, in the order of the ranks; the same in each process."""
    world = place()[1]
    if world == 1:
        return own
    parts: list[Statistics] = [own] * world
    dist.all_gather_object(parts, own)
    whole = Statistics(own.extractor, own.needs, own.kept)
    for part in parts:
        whole.merge(part)
    return whole
