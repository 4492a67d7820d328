"""The work of scoring divided among processes, each image exactly once."""

from collections.abc import Callable
from typing import Any, TypeVar

import torch.distributed as dist

from gan_lightning.metrics.statistics import Statistics
from gan_lightning.randomness import place

T = TypeVar("T")


def share(count: int) -> range:
    """The numbers of this process's images of `count`: a run of them, no padding, lengths differ by one at most."""
    rank, world = place()
    return range(count * rank // world, count * (rank + 1) // world)


def is_first() -> bool:
    """Whether this process is the one that reads, writes and speaks."""
    return place()[0] == 0


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


def together(make: Callable[[], T]) -> T:
    """What this process makes, once all have made theirs.

    Raises:
        ValueError: in all processes where one raised it, so that none waits for another in vain.
    """
    made, said = _attempt(make)
    everyones: list[Any] = [said] * place()[1]
    if len(everyones) > 1:
        dist.all_gather_object(everyones, said)
    for each in everyones:
        if each is not None:
            raise ValueError(each)
    return made


def by_first(make: Callable[[], T]) -> T:
    """What the first process makes, in all of them; also the ValueError that it raises."""
    rank, world = place()
    found: list[Any] = list(_attempt(make)) if rank == 0 else [None, None]
    if world > 1:
        dist.broadcast_object_list(found)
    made, said = found
    if said is not None:
        raise ValueError(said)
    return made


def _attempt(make: Callable[[], T]) -> tuple[Any, str | None]:
    try:
        return make(), None
    except ValueError as error:
        return None, str(error)
