"""Files that `gan-lightning translate` reads and writes."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image, ImageOps
from torch import Tensor

from gan_lightning.data.pictures import read
from gan_lightning.data.transforms import colours
from gan_lightning.files import atomic_write

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


LOSSY = {".jpg", ".jpeg", ".webp"}
QUALITY = 95
"""Pillow's default loses more than a translation should."""


def refuse_to_lose(source: Path, target: Path, names: list[str], overwrite: bool) -> None:
    """Look, before anything is written, whether `target / name` can be written for all names.

    Args:
        source: the folder that is mirrored.
        target: the mirror, which need not exist.
        names: of files, below either.
        overwrite: whether files in the mirror may be replaced.

    Raises:
        ValueError: where something would be lost or stands in the way, with the key `output`.
    """
    if target.resolve().is_relative_to(source.resolve()):
        raise ValueError(f"output must lie outside of input, whose images stay as they are; got {target}")
    for folder in sorted({(target / name).parent for name in names}):
        nearest = next(place for place in (folder, *folder.parents) if os.path.lexists(place))
        if not nearest.is_dir():
            raise ValueError(f"output: {folder} must be a folder or not exist; {nearest} is a file")
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise ValueError(f"output: {folder} must be writable; {nearest} is not")
    originals = {(source / name).resolve() for name in names}
    for file in (target / name for name in names):
        if file.resolve() in originals:
            raise ValueError(f"output must not replace images of input; {file} is one of them")
        if file.is_dir():
            raise ValueError(f"output: {file} must be a file or not exist; it is a folder")
    there = [name for name in names if os.path.lexists(target / name)]
    if there and not overwrite:
        raise ValueError(
            f"output: {len(there):,} of the {len(names):,} files exist in {target} already, the first is {there[0]}; "
            "overwrite=true replaces them"
        )


def write(image: Float[Tensor, "C H W"], size: tuple[int, int], file: Path) -> None:
    """Write an image in [-1, 1], resized to `size` (W, H), in the format that the file's name asks for.

    The file is there whole or not at all, also when the program is stopped while it writes.
    """
    levels = ((image + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).numpy()
    picture = Image.fromarray(levels[..., 0] if levels.shape[-1] == 1 else levels)
    if picture.size != size:
        picture = picture.resize(size, Image.Resampling.BICUBIC)
    suffix = file.suffix.lower()
    quality = {"quality": QUALITY} if suffix in LOSSY else {}
    with atomic_write(file) as stream:
        picture.save(stream, Image.registered_extensions()[suffix], **quality)
