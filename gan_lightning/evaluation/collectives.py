"""Work that the ranks of a distributed run share, and its results and errors on all of them."""

from collections.abc import Callable
from typing import Any, TypeVar

import torch.distributed as dist

from gan_lightning.metrics.statistics import Statistics
from gan_lightning.randomness import rank_and_world_size

T = TypeVar("T")


def share(count: int) -> range:
    """Return the numbers of this rank's part of `count` images, in a row; ranks differ by one image at most."""
    rank, world_size = rank_and_world_size()
    return range(count * rank // world_size, count * (rank + 1) // world_size)


def is_rank_zero() -> bool:
    """Return whether this process is the one that reads and writes files and logs."""
    return rank_and_world_size()[0] == 0


def all_gather(own: Statistics) -> Statistics:
    """Return the statistics of all ranks' images, in the order of the ranks, on every rank."""
    world_size = rank_and_world_size()[1]
    if world_size == 1:
        return own
    parts: list[Statistics] = [own] * world_size
    dist.all_gather_object(parts, own)
    whole = Statistics(own.extractor, own.kinds, own.max_rows)
    for part in parts:
        whole.merge(part)
    return whole


def run_on_all_ranks(make: Callable[[], T]) -> T:
    """Call a function on every rank, and return this rank's result once all ranks have finished.

    Raises:
        ValueError: on all ranks if the function raised it on one of them, so that no rank waits for another forever.
        RuntimeError: on the other ranks if the function raised any other error on one of them.
    """
    made, error = _attempt(make)
    errors: list[Any] = [_summary(error)] * rank_and_world_size()[1]
    if len(errors) > 1:
        dist.all_gather_object(errors, _summary(error))
    _raise(error, *errors)
    return made


def broadcast_from_rank_zero(make: Callable[[], T]) -> T:
    """Call a function on rank zero, and return its result on all ranks.

    Raises:
        ValueError: on all ranks if the function raised it.
        RuntimeError: on the other ranks if the function raised any other error on rank zero.
    """
    made, error = _attempt(make) if is_rank_zero() else (None, None)
    sent: list[Any] = [made, _summary(error)]
    if rank_and_world_size()[1] > 1:
        dist.broadcast_object_list(sent)
    _raise(error, sent[1])
    return sent[0]


def _attempt(make: Callable[[], T]) -> tuple[Any, Exception | None]:
    try:
        return make(), None
    except Exception as error:
        return None, error


def _summary(error: Exception | None) -> tuple[bool, str] | None:
    """Return what is sent to other ranks, because not all errors can be pickled: whether a ValueError, and the text."""
    return None if error is None else (isinstance(error, ValueError), str(error) or type(error).__name__)


def _raise(own: Exception | None, *summaries: tuple[bool, str] | None) -> None:
    if own is not None:
        raise own
    for summary in summaries:
        if summary is not None:
            is_value_error, text = summary
            raise ValueError(text) if is_value_error else RuntimeError(text)
