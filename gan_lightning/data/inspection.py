"""One look at all fitted images of a split: copies, near copies, and images that are seldom meant."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b, file_digest
from pathlib import Path

import numpy as np

from gan_lightning.data import flaws, near_duplicates
from gan_lightning.data.cache import FittedImages
from gan_lightning.data.images import PILImages, is_damaged

CHUNK = 2**22
"""How many pixels of each channel are looked at together, which takes some hundred MiB of memory."""


@dataclass
class Inspection:
    """What was seen in the images of one domain of a split, by the rows of the fitted images.

    Args:
        stored: the images as the set stores them.
        fitted: the images as networks see them.
        pixels: a hash of each image's pixels; images with one hash are equal.
        hashes: perceptual hashes, uint8 [N, 32].
        thumbnails: uint8 [N, 16, 16].
        blank: rows of images of one colour; a pair is in this list and the others if one of its images is.
        bordered: rows of images with a border.
        enlarged: rows of images without fine detail.
    """

    stored: PILImages
    fitted: FittedImages
    pixels: list[bytes]
    hashes: np.ndarray
    thumbnails: np.ndarray
    blank: list[int]
    bordered: list[int]
    enlarged: list[int]

    @cached_property
    def names(self) -> list[str]:
        """The name of each row."""
        numbers = self._numbers
        return [f"row {row}" if number is None else self.stored.name(number) for row, number in enumerate(numbers)]

    @cached_property
    def copies(self) -> list[list[int]]:
        """Rows of images whose files have the same bytes and are no links, group by group."""
        found = []
        for group in self._equal:
            rows: dict[tuple[bytes, ...], list[int]] = defaultdict(list)
            for row in group:
                if content := _hashes_of(self.files([row])):
                    rows[content].append(row)
            found += [same for same in rows.values() if len(same) > 1]
        return found

    @cached_property
    def equal_as_trained_on(self) -> list[list[int]]:
        """Rows of images that are equal once they are fitted, group by group, with one row of those in `copies`."""
        more = {row for group in self.copies for row in group[1:]}
        groups = [[row for row in group if row not in more] for group in self._equal]
        return [group for group in groups if len(group) > 1]

    @cached_property
    def near_copies(self) -> list[list[int]]:
        """Rows of images that look the same although their pixels differ, group by group."""
        once = _first_of_each(self.pixels)
        groups = near_duplicates.groups_of(self.hashes[once], self.thumbnails[once])
        return [once[group].tolist() for group in groups]

    def in_both(self, other: "Inspection") -> list[int]:
        """Return the rows whose images are in the other split too, as trained on."""
        known = set(other.pixels)
        return [row for row, digest in enumerate(self.pixels) if digest in known]

    def nearly_in_both(self, other: "Inspection") -> list[int]:
        """Return the rows whose images are not in the other split, but one that looks the same."""
        known, own = set(other.pixels), _first_of_each(self.pixels)
        own = np.array([row for row in own if self.pixels[row] not in known], int)
        hashes = np.concatenate([self.hashes[own], other.hashes])
        thumbnails = np.concatenate([self.thumbnails[own], other.thumbnails])
        groups = near_duplicates.groups_of(hashes, thumbnails)
        return sorted(int(own[n]) for group in groups if max(group) >= len(own) for n in group if n < len(own))

    def files(self, rows: list[int]) -> list[Path]:
        """Return the files of some rows, as far as they can be removed one by one."""
        numbers = [self._numbers[row] for row in rows]
        return [path for number in numbers if number is not None for path in self.stored.files(number)]

    @cached_property
    def damaged_files(self) -> dict[str, list[Path]]:
        """The files that hold no image, by the names of the images that cannot be read.

        An image of pairs has a list without the file that is good, or an empty one if its content is not what is wrong.
        Images without files of their own are left out, and those whose shown name another image has too.
        """
        bad, named = self.fitted.survey.bad, defaultdict(list)
        for number in range(len(self.stored)) if bad else ():
            named[self.stored.name(number)].append(number)
        files = {name: self.stored.files(named[name][0]) for name in bad if len(named[name]) == 1}
        return {name: [file for file in each if is_damaged(file)] for name, each in files.items() if each}

    @cached_property
    def _equal(self) -> list[list[int]]:
        """Rows of images that are equal once they are fitted, group by group."""
        rows: dict[bytes, list[int]] = defaultdict(list)
        for row, digest in enumerate(self.pixels):
            rows[digest].append(row)
        return [group for group in rows.values() if len(group) > 1]

    @cached_property
    def _numbers(self) -> list[int | None]:
        """The number in the set of each row; None for all if shown names do not tell which images were left out."""
        bad = self.fitted.survey.bad
        kept: list[int | None] = [n for n in range(len(self.stored)) if self.stored.name(n) not in bad]
        return kept if len(kept) == len(self.fitted) else [None] * len(self.fitted)


def inspected(stored: PILImages, fitted: FittedImages, side: int, has_margins: bool) -> Inspection:
    """Look at all fitted images of one domain.

    Args:
        stored: the images as the set stores them.
        fitted: the images as networks see them.
        side: the side of the fitted images.
        has_margins: whether borders were added when the images were fitted, and are no finding.
    """
    pixels: list[bytes] = []
    parts: list[tuple[np.ndarray, ...]] = []
    count = max(1, CHUNK // side**2)
    for start in range(0, len(fitted), count):
        rows = fitted.rows(list(range(start, min(start + count, len(fitted)))))
        pixels += [blake2b(row.tobytes(), digest_size=16).digest() for row in rows]
        each = rows.reshape(-1, rows.shape[1] // stored.images_per_item, side, side).mean(1, dtype=np.float32)
        blank = flaws.are_blank(each)
        flaws_of_each = (blank, flaws.have_border(each) & ~blank & (not has_margins), flaws.are_enlarged(each) & ~blank)
        images = each.reshape(len(rows), stored.images_per_item, side, side)
        beside = images.transpose(0, 2, 1, 3).reshape(len(rows), side, -1)  # the two of a pair side by side
        flawed = [np.any(flaw.reshape(len(rows), -1), axis=1) for flaw in flaws_of_each]
        parts.append((*near_duplicates.hashed(beside), *flawed))
    if not parts:
        empty = np.empty((0, 32), np.uint8), np.empty((0, 16, 16), np.uint8)
        return Inspection(stored, fitted, [], *empty, [], [], [])
    hashes, thumbnails, *found = map(np.concatenate, zip(*parts, strict=True))
    return Inspection(stored, fitted, pixels, hashes, thumbnails, *(np.flatnonzero(each).tolist() for each in found))


def _hashes_of(files: list[Path]) -> tuple[bytes, ...]:
    """Return a hash of the whole content of each file; none if one cannot be read."""
    found = []
    for file in files:
        try:
            with file.open("rb") as stream:
                found.append(file_digest(stream, blake2b).digest())
        except OSError:
            return ()
    return tuple(found)


def _first_of_each(pixels: list[bytes]) -> np.ndarray:
    """Return the first row of each image, without the copies that follow."""
    return np.array(sorted({digest: row for row, digest in reversed(list(enumerate(pixels)))}.values()), int)
