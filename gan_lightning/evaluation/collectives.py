"""Work that the ranks of a distributed run share, and its results and errors on all of them."""

from collections.abc import Callable
from typing import Any, TypeVar

import torch.distributed as dist

from gan_lightning.metrics.statistics import Statistics
from gan_lightning.randomness import rank_and_world_size

T = TypeVar("T")
STOP = "gan_lightning/stop"
"""The key that a rank sets for all ranks when it has been asked to stop."""


class AbandonedError(Exception):
    """Long work that was broken off because the run is to stop."""


def share(count: int) -> range:
    """Return the numbers of this rank's part of `count` images, in a row; ranks differ by one image at most."""
    rank, world_size = rank_and_world_size()
    return range(count * rank // world_size, count * (rank + 1) // world_size)


def is_rank_zero() -> bool:
    """Return whether this process is the one that reads and writes files and logs."""
    return rank_and_world_size()[0] == 0


def gather_on_rank_zero(own: Statistics) -> Statistics:
    """Return the statistics of all ranks' images, in the ranks' order, on rank zero; the others keep their own."""
    rank, world_size = rank_and_world_size()
    if world_size == 1:
        return own
    parts: list[Any] = [None] * world_size
    dist.gather_object(own, None if rank else parts)
    if rank:
        return own
    whole = Statistics(own.extractor, own.kinds, own.max_rows)
    for part in parts:
        whole.merge(part)
    return whole


def is_true_on_all_ranks(fact: bool) -> bool:
    """Return whether all ranks have called this with true; each waits for the others."""
    facts = [fact] * rank_and_world_size()[1]
    if len(facts) > 1:
        dist.all_gather_object(facts, fact)
    return all(facts)


def run_on_all_ranks(make: Callable[[], T]) -> T:
    """Call a function on every rank, and return this rank's result once all ranks have finished.

    Raises:
        ValueError: on all ranks if the function raised it on one of them, so that no rank waits for another forever.
        AbandonedError: likewise.
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
        AbandonedError: likewise.
        RuntimeError: on the other ranks if the function raised any other error on rank zero.
    """
    made, error = _attempt(make) if is_rank_zero() else (None, None)
    sent: list[Any] = [made, _summary(error)]
    if rank_and_world_size()[1] > 1:
        dist.broadcast_object_list(sent)
    _raise(error, sent[1])
    return sent[0]


def is_asked_on_any_rank(is_asked: bool) -> bool:
    """Return whether this rank, or any other since the ranks met, has called this with true; no rank waits for another.

    It may be called any number of times on each rank, as loops over shares of different size do.
    """
    if rank_and_world_size()[1] == 1:
        return is_asked
    store: Any = dist.distributed_c10d._get_default_store()
    if is_asked:
        store.set(STOP, "")
    return is_asked or store.check([STOP])


def _attempt(make: Callable[[], T]) -> tuple[Any, Exception | None]:
    try:
        return make(), None
    except Exception as error:
        return None, error


def _summary(error: Exception | None) -> tuple[type[Exception], str] | None:
    """Return what is sent to other ranks, because not all errors can be pickled: the kind and the text."""
    if error is None:
        return None
    kind = next((kind for kind in (AbandonedError, ValueError) if isinstance(error, kind)), RuntimeError)
    return kind, str(error) or type(error).__name__


def _raise(own: Exception | None, *summaries: tuple[type[Exception], str] | None) -> None:
    if own is not None:
        raise own
    for summary in summaries:
        if summary is not None:
            kind, text = summary
            raise kind(text)
