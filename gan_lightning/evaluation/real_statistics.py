"""Statistics of real images, computed once for each set of images and kept on disk."""

import logging
import zipfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gan_lightning.evaluation.collectives import (
    all_gather,
    broadcast_from_rank_zero,
    is_rank_zero,
    run_on_all_ranks,
    share,
)
from gan_lightning.evaluation.records import versions
from gan_lightning.files import atomic_write, hashed_name, locked
from gan_lightning.metrics.extractors.extractor import Extractor
from gan_lightning.metrics.images import read_batches
from gan_lightning.metrics.statistics import MAX_ROWS, StatisticKind, Statistics
from gan_lightning.types import ImageSet, PositiveInt

log = logging.getLogger(__name__)

VERSION = 1
"""The version of kept statistics; raise it when their content or their file changes, so that old files are not read."""


class RealStatistics(NamedTuple):
    """Statistics of real images, with the name of their split and the fingerprint of the images."""

    statistics: Statistics
    split: str
    fingerprint: str


def real_statistics(
    images: ImageSet,
    split: str,
    extractor: Extractor,
    needs: frozenset[StatisticKind],
    folder: Path,
    kept: PositiveInt = MAX_ROWS,
    batch_size: PositiveInt = 64,
) -> RealStatistics:
    """Read the statistics of real images from disk, or compute them in one pass over the images and keep them.

    The ranks of a run share the pass, and rank zero reads and writes the file; another run that needs the same file
    waits for it. If a file lacks what a new metric needs, it is replaced by one that has both. Without needs no image
    is read.

    Args:
        images: the real images.
        split: the name of their split.
        extractor: the feature extractor, already prepared.
        needs: the kinds of statistics that the metrics need.
        folder: the cache folder of the data.
        kept: the largest number of images whose features and logits are kept, spread over the whole set.
        batch_size: images in one pass of the extractor.

    Raises:
        ValueError: if there are no images, or the folder cannot be written.
    """
    identity = extractor.identity
    if not needs:
        return RealStatistics(Statistics(identity, needs, kept), split, images.fingerprint)
    if not len(images):
        raise ValueError(f"the split {split} must have images to be compared with; got none")
    key = (VERSION, versions(), images.fingerprint, len(images), split, kept, identity)
    file = folder / "statistics" / f"{hashed_name(*key)}.npz"
    with ExitStack() as held:
        run_on_all_ranks(lambda: held.enter_context(locked(file, "data.cache_dir")) if is_rank_zero() else None)
        found = broadcast_from_rank_zero(lambda: _read(file, extractor, needs, kept))
        if found is None:
            wanted = broadcast_from_rank_zero(lambda: needs | _needs_in(file))
            everything = _compute(images, split, extractor, wanted, kept, batch_size)
            broadcast_from_rank_zero(lambda: _write(everything, file))
            found = Statistics.from_arrays(identity, needs, kept, everything.to_arrays())
    return RealStatistics(found, split, images.fingerprint)


def _compute(
    images: ImageSet, split: str, extractor: Extractor, needs: frozenset[StatisticKind], kept: int, batch_size: int
) -> Statistics:
    """Compute the statistics of all images; each rank extracts the features of its share."""
    numbers = _order(len(images), kept)
    if is_rank_zero():
        log.info("features of %s real images (%s, %s)", f"{len(numbers):,}", split, extractor.identity.name)
    own = share(len(numbers))
    own_images = read_batches(images, numbers[own.start : own.stop], batch_size)
    return all_gather(run_on_all_ranks(lambda: Statistics.from_images(own_images, extractor, needs, kept)))


def _order(count: int, kept: int) -> Sequence[int]:
    """Return the images' numbers in order, as torch-fidelity reads them.

    Where not all features are kept, the order is a fixed random one, so that the first images represent the whole set.
    """
    return range(count) if count <= kept else np.random.default_rng(0).permutation(count).tolist()


def _write(statistics: Statistics, file: Path) -> None:
    with atomic_write(file) as stream:
        np.savez(stream, allow_pickle=False, **statistics.to_arrays())


def _read(file: Path, extractor: Extractor, needs: frozenset[StatisticKind], kept: int) -> Statistics | None:
    """Return the statistics in a file; None if it is missing, damaged, or lacks something that is needed."""
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return Statistics.from_arrays(extractor.identity, needs, kept, arrays)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _needs_in(file: Path) -> frozenset[StatisticKind]:
    """Return the kinds of statistics that a file holds; none if it is missing or damaged."""
    names: dict[str, StatisticKind] = {"mean": "moments", "features": "features", "logits": "logits"}
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return frozenset(need for name, need in names.items() if name in arrays.files)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return frozenset()
