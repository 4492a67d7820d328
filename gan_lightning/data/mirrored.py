"""A folder of images that mirrors another: the same names in the same sub-folders, with other pixels."""

import os
from pathlib import Path

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

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
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{os.getpid()}.tmp")  # short, for the file's own name may be as long as names can be
    try:
        picture.save(temporary, Image.registered_extensions()[suffix], **quality)
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)
