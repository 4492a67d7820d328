"""Work that threads do ahead of its use: results come in order, and memory holds a few at a time."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(pool: Executor, work: Callable[[Item], Result], items: Iterable[Item], ahead: int) -> Iterator[Result]:
    """Yield `work(item)` for each item, in order, while the pool works on the next ones.

    An error of the work is raised where its result would be yielded.

    Args:
        pool: the threads.
        work: what is done with each item.
        items: taken one by one, each when there is room for it.
        ahead: how many items may be in work, or done and not yet yielded, beyond the one that is waited for.
    """
    begun: deque[Future[Result]] = deque()
    for item in items:
        begun.append(pool.submit(work, item))
        if len(begun) > ahead:
            yield begun.popleft().result()
    while begun:
        yield begun.popleft().result()
