"""One pass over all images of a data set on all cores: their pixels, a survey of them, and their fingerprint."""

import logging
import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Literal, NamedTuple

import numpy as np
from rich.progress import track

from gan_lightning.data.images import Item, PILImages, reason
from gan_lightning.data.pair_widths import ODD_WIDTH, SINGLE
from gan_lightning.data.transforms import Shape, fitted
from gan_lightning.types import NonNegativeFloat, NonNegativeInt

log = logging.getLogger(__name__)

OnBad = Literal["skip", "raise"]

GRAY = {"1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"}
"""Pillow's modes of images without colour."""
FEW = 5
"""So many images may be left out of a small set too, if they are no more than one in ten."""
SMALL = 0.8
"""Images whose short side has less than this share of the fitted one are noted; MNIST's 28 pixels of 32 are not."""
CHUNK = 64
"""How many images one thread decodes before it takes the next ones."""


def allowed(total: NonNegativeInt, max_bad: NonNegativeFloat) -> int:
    """Return how many of a set's images may be left out.

    That is the share `max_bad` of them. One in a hundred would be one or two of 200 photographs, so it is `FEW` where
    that is more and no more than one in ten. With 0 it is none.
    """
    return max(int(max_bad * total + 1e-6), min(FEW, total // 10)) if max_bad else 0  # 0.29 * 100 is a little below 29


def enough(bad: NonNegativeInt, total: NonNegativeInt) -> NonNegativeFloat:
    """Return the least `max_bad` in hundredths that allows `bad` images to be left out."""
    return -(-bad * 100 // total) / 100


@dataclass
class Survey:
    """What was found while images were read.

    Args:
        sizes: how many images have each size, as "WIDTHxHEIGHT".
        modes: how many have each of Pillow's modes.
        bad: names of the images that cannot be read, with the reason.
    """

    sizes: Counter[str] = field(default_factory=Counter)
    modes: Counter[str] = field(default_factory=Counter)
    bad: dict[str, str] = field(default_factory=dict)

    @property
    def good(self) -> int:
        """The number of images that can be used."""
        return self.modes.total()

    def smaller_than(self, side: int) -> int:
        """Return how many images are so small that they are clearly enlarged to squares of a side in pixels."""
        shorter = [(min(map(int, size.split("x"))), count) for size, count in self.sizes.items()]
        return sum(count for pixels, count in shorter if pixels < SMALL * side)

    @property
    def colours(self) -> str:
        """Whether the images that can be used are gray or in colour, in words."""
        gray = sum(count for mode, count in self.modes.items() if mode in GRAY)
        if gray in (0, self.good):
            return "gray" if gray else "colour"
        return f"{gray:,} gray and {self.good - gray:,} in colour"

    def add(self, other: "Survey") -> None:
        """Count another survey's images too."""
        self.sizes += other.sizes
        self.modes += other.modes
        self.bad |= other.bad

    def check(self, name: str, on_bad: OnBad, max_bad: NonNegativeFloat) -> None:
        """Refuse too many images that cannot be read; see `refusal`.

        Raises:
            ValueError: if they are too many; the message names the first three.
        """
        if refusal := self.refusal(name, on_bad, max_bad):
            first = "; ".join(f"{image}: {why}" for image, why in list(self.bad.items())[:3])
            more = f" and {len(self.bad) - 3:,} more" if len(self.bad) > 3 else ""
            raise ValueError(f"{refusal[0]}: {first}{more}; {refusal[1]}")

    def refusal(self, name: str, on_bad: OnBad, max_bad: NonNegativeFloat) -> tuple[str, str] | None:
        """Return why training refuses the images and what to do about it; None if it can use them.

        Args:
            name: the set's name, for messages.
            on_bad: `skip` leaves out what cannot be read, `raise` makes it an error.
            max_bad: the largest share of images that may be left out; see `allowed`.
        """
        bad, total = len(self.bad), self.good + len(self.bad)
        most = allowed(total, max_bad)
        if bad and on_bad == "raise":
            return (
                f"data.on_bad is raise, and {bad:,} of {total:,} {name} images cannot be read",
                "repair or remove them, or use data.on_bad=skip",
            )
        if (bad > most or not self.good) and 2 * sum(ODD_WIDTH in why for why in self.bad.values()) > bad:
            return f"{bad:,} of {total:,} {name} images are no A|B pictures, which hold two images side by side", SINGLE
        if not self.good:
            return f"none of the {total:,} {name} images can be read", "repair them, or name other images"
        if bad > most:
            return (
                f"data.max_bad={max_bad:g} lets {most:,} of {total:,} {name} images be left out, and {bad:,} cannot be "
                "read",
                f"repair or remove them, or leave them out with data.max_bad={enough(bad, total):g}",
            )
        return None

    def log(self, name: str) -> None:
        """Log what was found, with each image that is left out."""
        log.info("%s: %s", name, self)
        for image, why in self.bad.items():
            log.warning("%s: left out %s: %s", name, image, why)

    def log_enlarged(self, name: str, side: int) -> None:
        """Log that most images are enlarged to squares of a side in pixels, if they are."""
        if 2 * (small := self.smaller_than(side)) > self.good:
            log.info("%s: %s images are smaller than data.image_size=%s, and enlarged", name, f"{small:,}", side)

    def __str__(self) -> str:
        sizes = ", ".join(f"{count:,} of {size}" for size, count in self.sizes.most_common(3))
        other = len(self.sizes) - 3
        rest = f" and {other} other sizes" if other > 0 else ""
        return f"{self.good:,} images, {sizes}{rest}; {self.colours}; {len(self.bad)} left out"


class Decoded(NamedTuple):
    """What one pass over all images of a set gives besides their pixels.

    Args:
        kept: int64 [N] numbers of the images that can be read, in order.
        labels: int64 [N] their labels; None if the set has none.
        survey: what was found, readable or not.
        fingerprint: a hash of pixels and labels, the same on every machine.
    """

    kept: np.ndarray
    labels: np.ndarray | None
    survey: Survey
    fingerprint: str


def pixel_shape(images: PILImages, shape: Shape) -> tuple[int, int, int]:
    """Return the shape [C, H, W] of one fitted image, or of a pair, whose channels follow one another."""
    return images.images_per_item * shape.channels, shape.image_size, shape.image_size


def fitted_item(item: Item, shape: Shape) -> np.ndarray:
    """Fit an image, or a pair, whose channels follow one another: uint8 [C, H, W] as `pixel_shape` says."""
    return np.concatenate([fitted(image, shape) for image in item])


def decode(images: PILImages, shape: Shape, name: str, keep: Callable[[np.ndarray], object]) -> Decoded:
    """Read and fit all images, in order; an image that cannot be read is left out.

    Threads are enough: Pillow decodes and resizes without holding Python's lock.

    Args:
        images: what is read.
        shape: what the images are fitted to.
        name: the name of the set that the progress bar shows.
        keep: called with each run of fitted images, uint8 [n, C, H, W], in order.
    """

    def decode_chunk(start: int) -> tuple[list[int], np.ndarray, Survey]:
        numbers, rows, survey = [], [], Survey()
        for number in range(start, min(start + CHUNK, len(images))):
            try:
                item = images[number]
                rows.append(fitted_item(item, shape))
            except Exception as error:  # damaged files raise many kinds of errors, and one must not stop the rest
                survey.bad[images.name(number)] = reason(error)
                continue
            numbers.append(number)
            survey.sizes[f"{item[0].width}x{item[0].height}"] += 1
            survey.modes[item[0].mode] += 1
        return numbers, np.stack(rows) if rows else np.empty((0, *pixel_shape(images, shape)), np.uint8), survey

    kept: list[int] = []
    survey = Survey()
    digest = blake2b(digest_size=16)
    starts = range(0, len(images), CHUNK)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        chunks = pool.map(decode_chunk, starts)
        shown = track(chunks, f"reading {name}", len(starts), transient=True, disable=len(starts) < 8)
        try:
            for numbers, pixels, found in shown:
                keep(pixels)
                digest.update(pixels.tobytes())
                kept += numbers
                survey.add(found)
        except BaseException:  # Ctrl-C or a full disk: nothing more is decoded
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    labels = None
    if images.labels is not None:
        labels = images.labels[kept].astype(np.int64)
        digest.update(labels.tobytes())
    return Decoded(np.array(kept, np.int64), labels, survey, digest.hexdigest())
