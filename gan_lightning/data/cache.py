"""Fitted images from a cache on disk, or decoded from their files whenever they are asked for."""

import json
import os
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gan_lightning.data.decode import Decoded, Survey, decode, fitted_item, pixel_shape
from gan_lightning.data.images import PILImages
from gan_lightning.data.transforms import Shape
from gan_lightning.files import hashed_name, locked, sync


@dataclass(frozen=True)
class CachedImages:
    """Fitted images uint8 [N, C, H, W] in a file that is mapped into memory.

    Args:
        pixels: all images.
        labels: int64 [N]; None if there are none.
        survey: what was found while the images were read.
        fingerprint: a hash of pixels and labels, the same on every machine.
    """

    pixels: np.ndarray
    labels: np.ndarray | None
    survey: Survey
    fingerprint: str

    def __len__(self) -> int:
        return len(self.pixels)

    def rows(self, indices: list[int]) -> np.ndarray:
        """Return the pixels [n, C, H, W] of some images."""
        return np.asarray(self.pixels[indices])


@dataclass(frozen=True)
class UncachedImages:
    """Images that are decoded again whenever they are asked for.

    All are read once beforehand, so that none fails during training.

    Args:
        images: all of a set.
        shape: what they are fitted to.
        decoded: which of them can be read, their labels, survey and fingerprint, which is that of a cache of them.
    """

    images: PILImages
    shape: Shape
    decoded: Decoded

    @property
    def labels(self) -> np.ndarray | None:
        """Class numbers [N]; None if there are none."""
        return self.decoded.labels

    @property
    def survey(self) -> Survey:
        """What was found while the images were read."""
        return self.decoded.survey

    @property
    def fingerprint(self) -> str:
        """A hash of pixels and labels."""
        return self.decoded.fingerprint

    def __len__(self) -> int:
        return len(self.decoded.kept)

    def rows(self, indices: list[int]) -> np.ndarray:
        """Return the pixels [n, C, H, W] of some images."""
        numbers = self.decoded.kept[indices].tolist()
        return np.stack([fitted_item(self.images[number], self.shape) for number in numbers])


FittedImages = CachedImages | UncachedImages


def uncached_images(images: PILImages, shape: Shape, name: str) -> UncachedImages:
    """Read all images once, to learn which of them can be read; see `decode`."""
    return UncachedImages(images, shape, decode(images, shape, name, lambda *_: None))


def cached_images(images: PILImages, shape: Shape, folder: Path, name: str) -> CachedImages:
    """Open the cache of a set's fitted images, which is built first if there is none or a source has changed.

    Only one process builds it, and others wait; a build that is killed leaves nothing that looks complete.

    Args:
        images: what is cached.
        shape: what the images are fitted to.
        folder: the folder of all caches.
        name: the name of the set that the progress bar shows.

    Raises:
        ValueError: if the folder cannot be written or the disk is too small.
    """
    sources = images.sources()
    changed = hashed_name(*[source.changed for source in sources])
    names = [source[:2] for source in sources]
    labels = None if images.labels is None else images.labels.tolist()
    cache = folder / hashed_name(json.dumps([names, shape, labels]))
    with locked(cache, "data.cache_dir"):
        if not _is_fresh(cache, changed):
            _build(images, shape, cache, changed, name)
        return _open(cache)


def _is_fresh(cache: Path, changed: str) -> bool:
    """Return whether a cache is complete and of these sources; one that a power failure damaged is not."""
    try:
        index = json.loads((cache / "index.json").read_text())
        size = (cache / "pixels").stat().st_size
        return index["changed"] == changed and size == int(np.prod(index["shape"]))
    except (OSError, ValueError, KeyError):
        return False


def _build(images: PILImages, shape: Shape, cache: Path, changed: str, name: str) -> None:
    """Decode all images into a folder that gets the cache's name once all of it is on disk."""
    unfinished = cache.with_suffix(".making")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    try:
        each = pixel_shape(images, shape)
        pixels = _reserve(unfinished / "pixels", (len(images), *each))

        def write(first: int, rows: np.ndarray) -> None:
            pixels[first : first + len(rows)] = rows

        decoded = decode(images, shape, name, write)
        if isinstance(pixels, np.memmap):
            pixels.flush()
        os.truncate(unfinished / "pixels", len(decoded.kept) * int(np.prod(each)))
        if decoded.labels is not None:
            decoded.labels.tofile(unfinished / "labels")
        index = {
            "shape": [len(decoded.kept), *each], "labels": decoded.labels is not None, "changed": changed,
            "fingerprint": decoded.fingerprint, "survey": vars(decoded.survey),
        }  # fmt: skip
        (unfinished / "index.json").write_text(json.dumps(index, ensure_ascii=False, indent=1))
        for path in (*unfinished.iterdir(), unfinished):
            sync(path)
        shutil.rmtree(cache, ignore_errors=True)
        unfinished.rename(cache)
        sync(cache.parent)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _reserve(file: Path, shape: tuple[int, ...]) -> np.ndarray:
    """Map a file whose space on disk is taken at once; a full disk would otherwise kill the process on a write."""
    size = int(np.prod(shape))
    with file.open("wb") as stream:
        try:
            if size:
                os.posix_fallocate(stream.fileno(), 0, size)
        except OSError as error:
            free = shutil.disk_usage(file.parent).free
            raise ValueError(
                f"data.cache_dir needs {size / 2**20:,.0f} MiB for the decoded images, and {file.parent.parent} has "
                f"{free / 2**20:,.0f} MiB left; set data.cache_dir to another disk or data.cache to off"
            ) from error
    return np.memmap(file, np.uint8, "r+", shape=shape) if size else np.empty(shape, np.uint8)


def _open(cache: Path) -> CachedImages:
    index: dict[str, Any] = json.loads((cache / "index.json").read_text())
    shape = tuple(index["shape"])
    pixels = np.memmap(cache / "pixels", np.uint8, "r", shape=shape) if shape[0] else np.empty(shape, np.uint8)
    labels = np.fromfile(cache / "labels", np.int64) if index["labels"] else None
    survey = index["survey"]
    return CachedImages(
        pixels, labels, Survey(Counter(survey["sizes"]), Counter(survey["modes"]), survey["bad"]), index["fingerprint"]
    )
