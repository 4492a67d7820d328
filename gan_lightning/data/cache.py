"""Fitted images from a cache on disk, or decoded from their files whenever they are asked for."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gan_lightning.data import cache_folder
from gan_lightning.data.decode import Decoded, Survey, decode, fitted_item
from gan_lightning.data.images import PILImages
from gan_lightning.data.transforms import Shape
from gan_lightning.files import hashed_name, locked, locked_if_free


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
    return UncachedImages(images, shape, decode(images, shape, name, lambda _: None))


def cached_images(images: PILImages, shape: Shape, folder: Path, name: str) -> CachedImages:
    """Open the cache of a set's fitted images, which is built first if there is none or a source has changed.

    Only one process builds it, and others wait; a build that is killed leaves nothing that looks complete. A cache
    whose files are damaged or were changed is built again; see `cache_folder.opened`.

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
    _remove_abandoned(folder)
    with locked(cache, "data.cache_dir"):
        found = cache_folder.opened(cache, changed)
        if found is None:
            cache_folder.build(images, shape, cache, changed, name)
            found = cache_folder.opened(cache, changed)
    if found is None:
        raise ValueError(f"data.cache_dir: {cache} cannot be read back after it was written; use another disk")
    return CachedImages(*found)


def _remove_abandoned(folder: Path) -> None:
    """Remove what builds that were killed have left; a build that is under way holds its lock."""
    for unfinished in folder.glob(f"*{cache_folder.UNFINISHED}"):
        with locked_if_free(unfinished.with_suffix("")) as is_free:
            if is_free:
                shutil.rmtree(unfinished, ignore_errors=True)
