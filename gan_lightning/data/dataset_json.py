"""Labels in `dataset.json`, the file that StyleGAN's data sets have beside their images (Karras et al. 2020)."""

import json
import os
from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import numpy as np

from gan_lightning.data.archive import archive_of, content
from gan_lightning.data.listing import LABELS
from gan_lightning.printable import printable

MOST_CLASSES = 100_000
"""Class numbers are below this, so that a wrong number does not ask for a network of that many classes."""


def read_labels(root: Path, key: str) -> dict[str, int] | None:
    """Return the class number of each image by its path below the folder; None where there is no `dataset.json`.

    Its content is `{"labels": [["00000/img00000000.png", 6], ...]}`.

    Args:
        root: a folder or a zip file of images.
        key: the key of the configuration that an error names.

    Raises:
        ValueError: if the file is there and has no such labels.
    """
    file = root / LABELS
    archive = archive_of(file, key)
    if not (os.path.isfile(file) if archive is None else archive.has(file)):  # noqa: PTH113 - Path's raises without rights
        return None
    status = (file if archive is None else archive.file).stat()
    return _labels_in(file, status.st_size, status.st_mtime_ns, key)


@lru_cache(maxsize=2)
def _labels_in(file: Path, size: int, changed: int, key: str) -> dict[str, int]:
    """Read labels once, because the number of classes is asked for again and again."""
    try:
        source = content(file)
        found = json.loads(source.read() if isinstance(source, BytesIO) else source.read_bytes())
        labels = found["labels"]
        numbers = {str(name).replace("\\", "/"): number for name, number in labels}
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise ValueError(
            f'{key}: {file} must hold {{"labels": [["FILE", CLASS], ...]}}, as StyleGAN writes it; use data=folder '
            "where there are no labels"
        ) from error
    for name, number in numbers.items():
        if type(number) is not int or not 0 <= number < MOST_CLASSES:
            raise ValueError(
                f"{key}: classes in {file} must be whole numbers from 0 to {MOST_CLASSES - 1:,}; that of "
                f"{printable(name)} is {printable(repr(number)[:40])}"
            )
    if not numbers:
        raise ValueError(f"{key}: {file} has no labels; use data=folder where there are none")
    return numbers


def labels_of(files: Sequence[Path], root: Path, labels: dict[str, int], key: str) -> np.ndarray:
    """Return the class number of each file, int64 [N].

    Raises:
        ValueError: if a file has none; the message names the first.
    """
    names = [file.relative_to(root).as_posix() for file in files]
    if missing := [name for name in names if name not in labels]:
        raise ValueError(
            f"{key}: {len(missing):,} of {len(names):,} images have no label in {root / LABELS}, the first is "
            f"{printable(missing[0])}; add the labels or remove these images"
        )
    return np.array([labels[name] for name in names], np.int64)
