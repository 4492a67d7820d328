"""One pass over all images of a data set on all cores, and what it finds."""

import logging
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from rich.progress import track

from gan_lightning.data.pictures import Pictures
from gan_lightning.data.transforms import Shape, fitted_parts

log = logging.getLogger(__name__)

OnBad = Literal["skip", "raise"]


@dataclass
class Survey:
    """Counts of sizes and colour modes, and the pictures that could not be read, by name and reason."""

    sizes: Counter[str] = field(default_factory=Counter)
    modes: Counter[str] = field(default_factory=Counter)
    bad: dict[str, str] = field(default_factory=dict)

    @property
    def good(self) -> int:
        """How many pictures can be used."""
        return sum(self.modes.values())

    def plain(self) -> dict[str, Any]:
        """For an index of JSON."""
        return {"sizes": dict(self.sizes), "modes": dict(self.modes), "bad": self.bad}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> "Survey":
        """From an index of JSON."""
        return cls(Counter(plain["sizes"]), Counter(plain["modes"]), dict(plain["bad"]))

    def hold(self, what: str, on_bad: OnBad, max_bad: float) -> None:
        """Report what was found, and refuse where too much is bad.

        Raises:
            ValueError: where `on_bad` is raise and anything is bad, where more than the share `max_bad` is, or all.
        """
        total = self.good + len(self.bad)
        named = "; ".join(f"{name}: {reason}" for name, reason in list(self.bad.items())[:3])
        more = f" and {len(self.bad) - 3} more" if len(self.bad) > 3 else ""
        if self.bad and on_bad == "raise":
            raise ValueError(f"data.on_bad is raise, and {len(self.bad)} of {total} cannot be read: {named}{more}")
        if len(self.bad) > max_bad * total or not self.good:
            raise ValueError(
                f"{len(self.bad)} of {total} {what} pictures cannot be read, and data.max_bad allows a share of "
                f"{max_bad:g}: {named}{more}"
            )
        log.info("%s: %s", what, self)
        for name, reason in self.bad.items():
            log.warning("%s: left out %s: %s", what, name, reason)

    def __str__(self) -> str:
        sizes = ", ".join(f"{count:,} of {size}" for size, count in self.sizes.most_common(3))
        other = len(self.sizes) - 3
        rest = f" and {other} other sizes" if other > 0 else ""
        return f"{self.good:,} pictures, {sizes}{rest}; modes {', '.join(self.modes)}; {len(self.bad)} left out"


CHUNK = 64


class Decoded(NamedTuple):
    """A run of fitted pictures: their numbers and uint8 pixels [n, parts * C, H, W]; bad ones are left out."""

    numbers: list[int]
    pixels: np.ndarray


def dimensions(pictures: Pictures, shape: Shape) -> tuple[int, int, int]:
    """Of one fitted picture or pair."""
    return pictures.parts * shape.channels, shape.image_size, shape.image_size


def decode(pictures: Pictures, shape: Shape, survey: Survey, what: str) -> Iterator[Decoded]:
    """All good pictures in order, fitted; the survey fills on the way.

    Threads suffice: Pillow decodes and resizes without holding Python's lock.
    """

    def work(start: int) -> tuple[Decoded, Survey]:
        found, numbers, rows = Survey(), [], []
        for number in range(start, min(start + CHUNK, len(pictures))):
            try:
                parts = pictures[number]
                rows.append(fitted_parts(parts, shape))
            except (ValueError, OSError) as error:
                found.bad[pictures.name(number)] = str(error)
                continue
            numbers.append(number)
            found.sizes[f"{parts[0].width}x{parts[0].height}"] += 1
            found.modes[parts[0].mode] += 1
        nothing = np.empty((0, *dimensions(pictures, shape)), np.uint8)
        return Decoded(numbers, np.stack(rows) if rows else nothing), found

    starts = range(0, len(pictures), CHUNK)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for decoded, found in track(
            pool.map(work, starts), f"reading {what}", len(starts), transient=True, disable=len(starts) < 8
        ):
            survey.sizes += found.sizes
            survey.modes += found.modes
            survey.bad |= found.bad
            yield decoded
