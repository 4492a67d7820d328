"""One pass over all pictures of a data set, on all cores."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from rich.progress import track

from gan_lightning.data.fit import Shape, fitted_parts
from gan_lightning.data.pictures import Pictures
from gan_lightning.data.survey import Survey

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
