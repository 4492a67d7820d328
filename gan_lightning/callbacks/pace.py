"""How fast a run trains, how long it has trained, and how long it will go on."""

import time
from collections.abc import Callable

from gan_lightning.durations import clock


class Pace:
    """The time and the speed of one part of a run, by the clock of this process.

    The first iteration is not measured, because networks may be compiled in it, so there is an estimate of the time
    left from the second one on. It is the mean time of all measured iterations, with the grids, scores and checkpoints
    between them.

    Args:
        iteration: the iteration that it begins with.
        total: the iteration that ends the run; None for a run without such a limit.
        seconds_left: returns the seconds that a limit in time leaves to the run; None for a run without one.
    """

    def __init__(
        self,
        iteration: int = 0,
        total: int | None = None,
        seconds_left: Callable[[], float | None] | None = None,
    ) -> None:
        self.iteration, self.total, self.seconds_left = iteration, total, seconds_left
        self.started = time.monotonic()
        self.now = self.started
        self.images_seen = 0
        self.first: tuple[int, float] | None = None
        self.reading = (0, 0.0)

    def advance(self, iteration: int, images_seen: int) -> None:
        """Note the end of an iteration, and how many images the run has seen."""
        self.iteration, self.images_seen, self.now = iteration, images_seen, time.monotonic()
        if self.first is None:
            self.first, self.reading = (iteration, self.now), (images_seen, self.now)

    @property
    def elapsed(self) -> float:
        """The seconds since the start."""
        return time.monotonic() - self.started

    @property
    def seconds_per_iteration(self) -> float | None:
        """The mean time of an iteration in seconds; None before the second one."""
        if self.first is None or self.iteration == self.first[0]:
            return None
        return (self.now - self.first[1]) / (self.iteration - self.first[0])

    @property
    def left(self) -> float | None:
        """The estimated seconds to the end; None before the second iteration and for a run without an end."""
        each = self.seconds_per_iteration
        limits = [] if each is None or self.total is None else [each * max(0, self.total - self.iteration)]
        if self.seconds_left and each is not None and (seconds := self.seconds_left()) is not None:
            limits.append(max(0.0, seconds))
        return min(limits, default=None)

    def images_per_second(self) -> float | None:
        """Return the speed since the last call, or since the first iteration; None if no iteration has ended since."""
        seen, since = self.reading
        self.reading = (self.images_seen, self.now)
        return (self.images_seen - seen) / (self.now - since) if self.now > since and self.images_seen > seen else None

    def iterations(self) -> str:
        """Return the iteration, and of how many it is."""
        total = f"{self.total:,}" if self.total else ""
        return f"iteration {self.iteration:{len(total) or 1},}" + (f"/{total}" if total else "")

    def in_words(self) -> str:
        """Return the time elapsed and, if it is known, the time left."""
        elapsed, left = f"{clock(self.elapsed)} elapsed", self.left
        return elapsed if left is None else f"{elapsed}, {clock(left)} left"
