"""Statistics of real images, computed once for each set and kept on disk."""

import logging
import zipfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gan_lightning.evaluation.collectives import all_gather, broadcast_from_rank_zero, is_first, run_on_all_ranks, share
from gan_lightning.evaluation.records import versions
from gan_lightning.files import atomic_write, hashed_name, locked
from gan_lightning.metrics.extractors.extractor import Extractor
from gan_lightning.metrics.images import read_batches
from gan_lightning.metrics.statistics import MAX_ROWS, StatisticKind, Statistics
from gan_lightning.types import ImageSet, PositiveInt

log = logging.getLogger(__name__)

VERSION = 1
"""Of conversion, moments and file; a new one makes kept statistics void."""


class Real(NamedTuple):
    """Statistics of real images, and which they are."""

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
) -> Real:
    """From the file where there is one, else from one pass over the images in batches.

    The processes of a run share the pass, and the first reads and writes the file; another run waits until it is there.
    A file that lacks what a new metric needs is made anew with both. Nothing is read where nothing is needed.

    Args:
        images: the split.
        split: its name.
        extractor: prepared.
        needs: what to gather.
        folder: of the data's caches.
        kept: rows of features and logits at most, spread over the whole set.
        batch_size: images in a pass of the extractor.

    Raises:
        ValueError: where the set is empty or the folder cannot be written.
    """
    identity = extractor.identity
    if not needs:
        return Real(Statistics(identity, needs, kept), split, images.fingerprint)
    if not len(images):
        raise ValueError(f"the split {split} must have images to be compared with; got none")
    key = (VERSION, versions(), images.fingerprint, len(images), split, kept, identity)
    file = folder / "statistics" / f"{hashed_name(*key)}.npz"
    with ExitStack() as held:
        run_on_all_ranks(lambda: held.enter_context(locked(file)) if is_first() else None)
        found = broadcast_from_rank_zero(lambda: _opened(file, extractor, needs, kept))
        if found is None:
            wanted = broadcast_from_rank_zero(lambda: needs | _gathered(file))
            everything = _computed(images, split, extractor, wanted, kept, batch_size)
            broadcast_from_rank_zero(lambda: _write(everything, file))
            found = Statistics.from_arrays(identity, needs, kept, everything.to_arrays())
    return Real(found, split, images.fingerprint)


def _computed(
    images: ImageSet, split: str, extractor: Extractor, needs: frozenset[StatisticKind], kept: int, batch_size: int
) -> Statistics:
    """Of all images, of which this process takes its share."""
    numbers = _numbers(len(images), kept)
    if is_first():
        log.info("features of %s real images (%s, %s)", f"{len(numbers):,}", split, extractor.identity.name)
    own = share(len(numbers))
    its = read_batches(images, numbers[own.start : own.stop], batch_size)
    return all_gather(run_on_all_ranks(lambda: Statistics.from_images(its, extractor, needs, kept)))


def _write(statistics: Statistics, file: Path) -> None:
    with atomic_write(file) as stream:
        np.savez(stream, allow_pickle=False, **statistics.to_arrays())


def _numbers(count: int, kept: int) -> Sequence[int]:
    """All in order, as torch-fidelity takes them; where not all are kept, a fixed random order, whose head is fair."""
    return range(count) if count <= kept else np.random.default_rng(0).permutation(count).tolist()


def _opened(file: Path, extractor: Extractor, needs: frozenset[StatisticKind], kept: int) -> Statistics | None:
    """What is on disk, unless it is damaged or not all that is needed."""
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return Statistics.from_arrays(extractor.identity, needs, kept, arrays)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _gathered(file: Path) -> frozenset[StatisticKind]:
    """What a file holds already."""
    try:
        with np.load(file, allow_pickle=False) as arrays:
            signs: dict[str, StatisticKind] = {"mean": "moments", "features": "features", "logits": "logits"}
            return frozenset(need for sign, need in signs.items() if sign in arrays.files)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return frozenset()
