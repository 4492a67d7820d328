"""What the numbers of images, rows, processes and workers mean for training, said before the first step."""

import logging
import os
from collections.abc import Mapping

from gan_lightning.types import NonNegativeInt, PositiveInt

log = logging.getLogger(__name__)

MOST_CLASSES = 20
"""The numbers of images of so many classes are listed one by one."""
FEWEST = 2
"""A GAN needs this many images of each domain: there is no distribution of a single one."""
MANY, SUGGESTED = 1_000, 128
"""A set of so many images is divided into batches, and a usual size of those."""
WORKERS_PER_CORE = 2
"""More worker processes than this for each core only take each other's time."""


def in_words(counts: Mapping[str, int]) -> str:
    """Return the number of images of each class, or of most classes the smallest and the largest number."""
    if len(counts) <= MOST_CLASSES:
        return ", ".join(f"{count:,} of {name}" for name, count in counts.items())
    return f"{min(counts.values()):,} to {max(counts.values()):,}, {len(counts):,} classes"


def check_batch_size(batch_size: PositiveInt, world_size: PositiveInt) -> None:
    """Check that processes can share a batch evenly.

    Raises:
        ValueError: if they cannot.
    """
    if batch_size % world_size:
        raise ValueError(f"data.batch_size must be a multiple of the {world_size} processes; got {batch_size}")


def check_counts(
    counts: Mapping[str, NonNegativeInt], batch_size: PositiveInt, drop_last: bool, world_size: PositiveInt = 1
) -> None:
    """Refuse sets that are too small to train on.

    Args:
        counts: the number of usable images by the name of the domain, such as `train`.
        batch_size: rows of the global batch.
        drop_last: whether an epoch's last batch is left out if it is smaller.
        world_size: the number of processes that share a batch.

    Raises:
        ValueError: if a domain has fewer than two images, or no batch can be made of them.
    """
    fewest, most = min(counts, key=lambda name: counts[name]), max(counts.values())
    if counts[fewest] < FEWEST:
        of = f" of {side}" if (side := fewest.removeprefix("train").strip()) else ""
        there = f"is {counts[fewest]}" if counts[fewest] else "are none"
        raise ValueError(f"data: training needs at least {FEWEST} images{of}, and there {there}; add more")
    if most < batch_size and drop_last:
        raise ValueError(
            f"data.batch_size must be at most the number of images, {most}, if data.drop_last is true; got {batch_size}"
        )
    if most < world_size:
        raise ValueError(f"data: {world_size} processes need as many images, and there are {most}; use fewer devices")


def warn_of_small_batches(
    counts: Mapping[str, NonNegativeInt], batch_size: PositiveInt, drop_last: bool, world_size: PositiveInt
) -> None:
    """Log what batches of a small set are like; the arguments are those of `check_counts`."""
    most = max(counts.values())
    whole, rest = divmod(most, batch_size)
    last = rest // world_size * world_size
    if not whole and most >= MANY:
        log.warning(
            "data.batch_size is %s, and there are %s images: each epoch is one batch of %s; data.batch_size=%s gives "
            "more updates in an epoch",
            batch_size, most, last, SUGGESTED,
        )  # fmt: skip
    elif not whole:
        log.warning(
            "data.batch_size is %s, and there are only %s images: each epoch is one batch of %s, from which batch norm "
            "takes its statistics, and a model of so few images mostly copies them",
            batch_size, most, last,
        )  # fmt: skip
    elif rest and not drop_last and last == world_size:
        log.warning(
            "the last batch of each epoch has 1 image for each process, which is too few for batch norm; "
            "data.drop_last=true leaves it out"
        )


def check_workers(num_workers: NonNegativeInt) -> None:
    """Log a warning if there are many more worker processes than cores."""
    cores = os.cpu_count() or 1
    if num_workers > WORKERS_PER_CORE * cores:
        log.warning(
            "data.num_workers is %s, and there are %s cores: more workers than cores are slower; with the cache, "
            "data.num_workers=0 is fastest",
            num_workers, cores,
        )  # fmt: skip
