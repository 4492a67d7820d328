"""Statistics of real images, computed once for each set of images and kept on disk."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gan_lightning.evaluation.collectives import (
    broadcast_from_rank_zero,
    gather_on_rank_zero,
    is_rank_zero,
    is_true_on_all_ranks,
    run_on_all_ranks,
    share,
)
from gan_lightning.evaluation.records import versions
from gan_lightning.files import atomic_write, hashed_name, locked
from gan_lightning.metrics.extractors.extractor import Extractor, ExtractorIdentity
from gan_lightning.metrics.images import read_batches
from gan_lightning.metrics.statistics import MAX_ROWS, StatisticKind, Statistics
from gan_lightning.types import ImageSet, PositiveInt

log = logging.getLogger(__name__)

VERSION = 2
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

    The ranks of a run share the pass, rank zero writes the file, and the others read it; only where one of them cannot,
    because they have no disk in common or it is full, are the statistics sent. Another run that needs the same file
    waits for it. If a file lacks what a new metric needs, it is replaced by one that has both; a file that is not what
    was written is named in the log and computed again. Without needs no image is read.

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

    def read() -> tuple[Statistics | None, frozenset[StatisticKind]]:
        return _from_file(file, len(images), identity, needs, kept)

    with ExitStack() as held:
        run_on_all_ranks(lambda: held.enter_context(locked(file, "data.cache_dir")) if is_rank_zero() else None)
        found, wanted = read() if is_rank_zero() else (None, needs)
        is_kept, wanted = broadcast_from_rank_zero(lambda: (found is not None, wanted))
        if not is_kept:
            everything = _compute(images, split, extractor, wanted, kept, batch_size)
            broadcast_from_rank_zero(lambda: _write(everything, file))
        if not is_rank_zero():
            found, _ = read()
        elif not is_kept:
            found = Statistics.from_arrays(identity, needs, kept, everything.to_arrays())
        if not is_true_on_all_ranks(found is not None):
            log.info("the statistics of real images are sent to all processes, because not all can read %s", file)
            found = broadcast_from_rank_zero(lambda: found)
    assert found
    return RealStatistics(found, split, images.fingerprint)


def _compute(
    images: ImageSet, split: str, extractor: Extractor, needs: frozenset[StatisticKind], kept: int, batch_size: int
) -> Statistics:
    """Return the statistics of all images on rank zero; the others keep those of their share."""
    numbers = _order(len(images), kept)
    if is_rank_zero():
        log.info("features of %s real images (%s, %s)", f"{len(numbers):,}", split, extractor.identity.name)
    own = share(len(numbers))
    own_images = read_batches(images, numbers[own.start : own.stop], batch_size)
    return gather_on_rank_zero(run_on_all_ranks(lambda: Statistics.from_images(own_images, extractor, needs, kept)))


def _order(count: int, kept: int) -> Sequence[int]:
    """Return the images' numbers in order, as torch-fidelity reads them.

    Where not all features are kept, the order is a fixed random one, so that the first images represent the whole set.
    """
    return range(count) if count <= kept else np.random.default_rng(0).permutation(count).tolist()


def _write(statistics: Statistics, file: Path) -> None:
    """Write statistics with a hash of them, if the disk can be written; they serve this run in any case."""
    arrays = statistics.to_arrays()
    try:
        with atomic_write(file) as stream:
            np.savez(stream, allow_pickle=False, **arrays, checksum=np.frombuffer(_checksum(arrays), np.uint8))
    except OSError as error:
        log.warning("the statistics of real images are not kept, because %s cannot be written: %s", file, error)


def _from_file(
    file: Path, count: int, extractor: ExtractorIdentity, needs: frozenset[StatisticKind], kept: int
) -> tuple[Statistics | None, frozenset[StatisticKind]]:
    """Return the statistics in a file, or None where it lacks what is needed; and the kinds in the file or needed."""
    arrays = _read(file, count, extractor, kept)
    has = _kinds_of(arrays)
    return Statistics.from_arrays(extractor, needs, kept, arrays) if needs <= has else None, needs | has


def _read(file: Path, count: int, extractor: ExtractorIdentity, kept: int) -> dict[str, np.ndarray]:
    """Return the arrays in a file, none of them pickled; none at all if it is missing or not what was written.

    Args:
        file: the file.
        count: the number of real images.
        extractor: the identity of the feature extractor.
        kept: the largest number of images whose features and logits are kept.
    """
    try:
        with np.load(file, allow_pickle=False) as content:
            arrays = dict(content)
        checksum = arrays.pop("checksum").tobytes()
        width, rows = extractor.feature_dim, min(count, kept)
        shapes: dict[str, tuple[int | None, ...]] = {
            "count": (), "mean": (width,), "scatter": (width, width),
            "features": (rows, width), "logits": (rows, extractor.num_classes),
        }  # fmt: skip
        if checksum == _checksum(arrays) and all(array.shape == shapes[name] for name, array in arrays.items()):
            return arrays
    except FileNotFoundError:
        return {}
    except Exception as error:  # a damaged file raises many kinds of errors
        log.debug("%s: %s", file, error)
    log.warning("the statistics of real images in %s are damaged, so they are computed again", file)
    return {}


def _checksum(arrays: Mapping[str, np.ndarray]) -> bytes:
    digest = blake2b(digest_size=16)
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype} {arrays[name].shape} ".encode() + arrays[name].tobytes())
    return digest.digest()


def _kinds_of(arrays: Mapping[str, np.ndarray]) -> frozenset[StatisticKind]:
    """Return the kinds of statistics that arrays hold."""
    names: dict[str, StatisticKind] = {"mean": "moments", "features": "features", "logits": "logits"}
    return frozenset(kind for name, kind in names.items() if name in arrays)
