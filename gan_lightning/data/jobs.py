"""Files of any sizes on their way through a network: read one after the other, brought together by size."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from gan_lightning.data.fit import colours
from gan_lightning.data.pictures import read

SMALLEST = 16
"""Sides are at least as many pixels: of fewer, a network that halves three times leaves nothing to normalise."""
WAITING = 4
"""How many batches of pictures may wait for others of their size."""


class Job(NamedTuple):
    """A picture on its way: its name below the input folder, its size (W, H), its values [C, h, w] in [-1, 1]."""

    name: str
    size: tuple[int, int]
    values: Tensor


def read_jobs(
    files: Iterable[Path], names: list[str], channels: int, multiple: int, bad: dict[str, str]
) -> Iterator[Job]:
    """The pictures that can be read, upright, with sides that are multiples of `multiple`.

    Args:
        files: where they lie.
        names: one for each file.
        channels: 1 for gray, 3 for RGB.
        multiple: what the network's sides are multiples of.
        bad: filled with the names of the others, and why.
    """
    fewest = -(-SMALLEST // multiple)
    for file, name in zip(files, names, strict=True):
        try:
            picture = colours(ImageOps.exif_transpose(read(file)), channels)
        except Exception as error:  # damaged bytes make Pillow raise a dozen kinds, and one file must not stop the rest
            bad[name] = (str(error) or type(error).__name__).splitlines()[0]
            continue
        width, height = (max(fewest, round(side / multiple)) * multiple for side in picture.size)
        levels = np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC))
        values = torch.from_numpy(levels.reshape(height, width, channels).transpose(2, 0, 1).copy())
        yield Job(name, picture.size, values.float() / 127.5 - 1)


def batches(jobs: Iterable[Job], batch_size: int) -> Iterator[list[Job]]:
    """At most `batch_size` jobs of one size each; folders mix sizes, so a few wait for others of theirs."""
    waiting: dict[torch.Size, list[Job]] = defaultdict(list)
    for job in jobs:
        waiting[job.values.shape].append(job)
        size, fullest = max(waiting.items(), key=lambda item: len(item[1]))
        if len(fullest) == batch_size or sum(map(len, waiting.values())) == WAITING * batch_size:
            yield waiting.pop(size)
    yield from waiting.values()
