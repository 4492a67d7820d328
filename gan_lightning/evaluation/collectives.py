"""Work that is divided among the processes of a run."""

from collections.abc import Callable
from typing import Any, TypeVar

import torch.distributed as dist

from gan_lightning.metrics.statistics import Statistics
from gan_lightning.randomness import rank_and_world_size

T = TypeVar("T")


def share(count: int) -> range:
    """The numbers of this process's images of `count`: a run of them, no padding, lengths differ by one at most."""
    rank, world = rank_and_world_size()
    return range(count * rank // world, count * (rank + 1) // world)


def is_first() -> bool:
    """Whether this process is the one that reads, writes and speaks."""
    return rank_and_world_size()[0] == 0


def all_gather(own: Statistics) -> Statistics:
    """The statistics of all processes' images, in the order of the ranks; the same in each process."""
    world = rank_and_world_size()[1]
    if world == 1:
        return own
    parts: list[Statistics] = [own] * world
    dist.all_gather_object(parts, own)
    whole = Statistics(own.extractor, own.kinds, own.max_rows)
    for part in parts:
        whole.merge(part)
    return whole


def run_on_all_ranks(make: Callable[[], T]) -> T:
    """What this process makes, once all have made theirs.

    Raises:
        ValueError: in all processes where one raised it, so that none waits for another in vain.
        RuntimeError: in all others where one raised anything else.
    """
    made, error = _attempt(make)
    everyones: list[Any] = [_told(error)] * rank_and_world_size()[1]
    if len(everyones) > 1:
        dist.all_gather_object(everyones, _told(error))
    _raise(error, *everyones)
    return made


def broadcast_from_rank_zero(make: Callable[[], T]) -> T:
    """What the first process makes, in all of them; also the error that it raises, as `together` does."""
    made, error = _attempt(make) if is_first() else (None, None)
    found: list[Any] = [made, _told(error)]
    if rank_and_world_size()[1] > 1:
        dist.broadcast_object_list(found)
    _raise(error, found[1])
    return found[0]


def _attempt(make: Callable[[], T]) -> tuple[Any, Exception | None]:
    try:
        return make(), None
    except Exception as error:
        return None, error


def _told(error: Exception | None) -> tuple[bool, str] | None:
    """What other processes hear of it: whether it is a ValueError, and its text. Not all errors can be sent."""
    return None if error is None else (isinstance(error, ValueError), str(error) or type(error).__name__)


def _raise(own: Exception | None, *told: tuple[bool, str] | None) -> None:
    if own is not None:
        raise own
    for each in told:
        if each is not None:
            kind = ValueError if each[0] else RuntimeError
            raise kind(each[1])
