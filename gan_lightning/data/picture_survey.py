"""A look at a folder of pictures before anything is chosen for it: number, sizes, colours and classes."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from gan_lightning.data.images import open_image, read_image
from gan_lightning.printable import printable

DECODED = 256
"""At most this many pictures are decoded whole; of the others only the header is read."""
SPLITS = {"train", "training", "val", "valid", "validation", "test", "testing"}
"""Names of sub-folders that are parts of a set and no classes."""
MOST_CLASSES, FEWEST_OF_A_CLASS = 100, 20


@dataclass(frozen=True)
class PictureSurvey:
    """What a look at a folder of pictures has found.

    Args:
        root: the folder.
        count: pictures that are not known to be bad.
        looked_at: pictures that were looked at, bad ones included; fewer than there are where time did not suffice.
        bad: names of those that cannot be read, with the reason.
        sizes: how many have each (width, height), in pixels.
        modes: how many have each of Pillow's modes.
        is_gray: whether all decoded pictures are gray, also if they are stored in colour.
        classes: pictures of each class, by the name of its sub-folder; empty where the sub-folders are no classes.
        decoded: the files that were decoded whole without an error.
        seconds_each: the mean time of decoding one, on one core.
    """

    root: Path
    count: int
    looked_at: int
    bad: dict[str, str]
    sizes: Counter[tuple[int, int]]
    modes: Counter[str]
    is_gray: bool
    classes: dict[str, int]
    decoded: list[Path]
    seconds_each: float

    @property
    def short_side(self) -> int:
        """The median of the shorter sides, in pixels."""
        return round(median(min(size) for size in self.sizes.elements()))

    @property
    def elongation(self) -> float:
        """The median of longer over shorter sides, at least 1."""
        return median(max(size) / min(size) for size in self.sizes.elements())

    @property
    def bad_share(self) -> float:
        """The share of bad pictures among those that were looked at."""
        return len(self.bad) / self.looked_at


def look_at(root: Path, files: Sequence[Path], seconds: float) -> PictureSurvey:
    """Look at pictures in a random order, which is always the same, until all are seen or the time is over.

    Args:
        root: the folder.
        files: all image files below it.
        seconds: the time that this may take; at least one picture is looked at.
    """
    began = time.monotonic()
    bad: dict[str, str] = {}
    sizes: Counter[tuple[int, int]] = Counter()
    modes: Counter[str] = Counter()
    decoded: list[Path] = []
    is_gray, looked_at, spent = True, 0, 0.0
    for number in np.random.default_rng(0).permutation(len(files)):
        now = time.monotonic()
        if looked_at and now - began > seconds:
            break
        file, is_whole = files[number], not decoded or (looked_at < DECODED and now - began < seconds / 2)
        looked_at += 1
        try:
            image = read_image(file) if is_whole else open_image(file)
        except ValueError as error:
            bad[printable(file.relative_to(root))] = str(error)
            continue
        sizes[image.size] += 1
        modes[image.mode] += 1
        if is_whole:
            decoded.append(file)
            is_gray = is_gray and _is_gray(image)
            spent += time.monotonic() - now
        image.close()
    classes = _classes(root, files)
    each = spent / max(1, len(decoded))
    return PictureSurvey(root, len(files) - len(bad), looked_at, bad, sizes, modes, is_gray, classes, decoded, each)


def _is_gray(image: Image.Image) -> bool:
    colours = np.asarray(image.convert("RGB").resize((64, 64), Image.Resampling.NEAREST), np.int16)
    return int(np.ptp(colours, axis=2).max()) <= 2


def _classes(root: Path, files: Sequence[Path]) -> dict[str, int]:
    """Return the pictures of each sub-folder if all pictures are in sub-folders that look like classes."""
    counts = Counter(file.relative_to(root).parts[0] for file in files if file.parent != root)
    are_classes = (
        counts.total() == len(files)
        and 2 <= len(counts) <= MOST_CLASSES
        and min(counts.values()) >= FEWEST_OF_A_CLASS
        and not any(name.lower() in SPLITS for name in counts)
    )
    return dict(sorted(counts.items())) if are_classes else {}
