"""Images of any size: read in batches of one size, and written back under their names in their own sizes."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps

from gan_lightning.data.images import read_image, reason
from gan_lightning.data.transforms import with_channels
from gan_lightning.files import atomic_write
from gan_lightning.printable import printable

SMALLEST_SIDE = 16
"""Sides have at least this many pixels, because a network that halves three times cannot normalise smaller ones."""
WAITING_BATCHES = 4
"""How many batches of images may wait for others of their size."""
LOSSY = {".jpg", ".jpeg", ".webp"}
QUALITY = 95
"""The quality of JPEG and WebP files; Pillow's default would lose visible detail."""


def still_to_write(
    source: Path, output: Path, names: list[str], overwrite: bool = False, skip_existing: bool = False
) -> list[str]:
    """Return which of the files are to be made, after a check that they can be written; nothing is written yet.

    Args:
        source: the folder that is read.
        output: the folder that gets files of the same names; it need not exist.
        names: the files' names, relative to either folder.
        overwrite: whether files of these names that exist are replaced.
        skip_existing: whether they stay as they are.

    Raises:
        ValueError: if something would be lost or cannot be written; the message names the key `output`.
    """
    if Path(os.path.realpath(output)).is_relative_to(os.path.realpath(source)):  # `resolve` refuses a link to itself
        raise ValueError(f"output must lie outside of input, whose images stay as they are; got {output}")
    for folder in sorted({(output / name).parent for name in names}):
        nearest = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
        if not nearest.is_dir():
            raise ValueError(f"output: {folder} must be a folder or not exist; {nearest} is a file")
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise ValueError(f"output: {folder} must be writable; {nearest} is not")
    originals = {os.path.realpath(source / name) for name in names}
    for file in (output / name for name in names):
        if os.path.realpath(file) in originals:
            raise ValueError(f"output must not replace images of input; {file} is one of them")
        if file.is_dir():
            raise ValueError(f"output: {file} must be a file or not exist; it is a folder")
    found = {name for name in names if os.path.lexists(output / name)}
    if overwrite and skip_existing:
        raise ValueError("overwrite and skip_existing must not both be true; choose one")
    if found and not (overwrite or skip_existing):
        raise ValueError(
            f"output: {len(found):,} of the {len(names):,} files exist in {output} already, the first is "
            f"{printable(min(found, key=names.index))}; skip_existing=true makes the others, and overwrite=true all"
        )
    return [name for name in names if overwrite or name not in found]


class SizedImage(NamedTuple):
    """An image that is fitted to what a network takes, and remembers its own size.

    Args:
        name: the file's name, relative to the folder that is read.
        size: (W, H) of the file's image.
        levels: [h, w, C] from 0 to 255.
    """

    name: str
    size: tuple[int, int]
    levels: UInt8[np.ndarray, "h w C"]


def read_sized(file: Path, name: str, channels: int, multiple: int) -> SizedImage:
    """Read an image, turn it upright and round its sides to multiples of `multiple`.

    Args:
        file: the image file.
        name: what the image is called.
        channels: 1 for gray, 3 for RGB.
        multiple: what the network needs sides to be multiples of.

    Raises:
        ValueError: if the file cannot be read, with the reason.
    """
    fewest = -(-SMALLEST_SIDE // multiple)
    try:
        image = with_channels(ImageOps.exif_transpose(read_image(file)), channels)
    except Exception as error:  # damaged files raise many kinds of errors, and one must not stop the rest
        raise ValueError(reason(error)) from error
    width, height = (max(fewest, round(side / multiple)) * multiple for side in image.size)
    levels = np.array(image.resize((width, height), Image.Resampling.BICUBIC)).reshape(height, width, channels)
    return SizedImage(name, image.size, levels)


def batches_of_one_size(images: Iterable[SizedImage], batch_size: int) -> Iterator[list[SizedImage]]:
    """Yield at most `batch_size` images of one size; in a folder of many sizes images wait for others of their size."""
    waiting: dict[tuple[int, ...], list[SizedImage]] = defaultdict(list)
    for image in images:
        waiting[image.levels.shape].append(image)
        size, fullest = max(waiting.items(), key=lambda item: len(item[1]))
        if len(fullest) == batch_size or sum(map(len, waiting.values())) == WAITING_BATCHES * batch_size:
            yield waiting.pop(size)
    yield from waiting.values()


def write_image(levels: UInt8[np.ndarray, "H W C"], size: tuple[int, int], file: Path) -> None:
    """Write an image, resized to `size` (W, H), in the format that the file's name asks for.

    The file is complete or missing, also when the program is stopped while it writes.
    """
    image = Image.fromarray(levels[..., 0] if levels.shape[-1] == 1 else levels)
    if image.size != size:
        image = image.resize(size, Image.Resampling.BICUBIC)
    suffix = file.suffix.lower()
    quality = {"quality": QUALITY} if suffix in LOSSY else {}
    with atomic_write(file) as stream:
        image.save(stream, Image.registered_extensions()[suffix], **quality)
