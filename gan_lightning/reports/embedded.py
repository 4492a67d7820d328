"""Pictures within a page: as data of the page itself, so that no other file is needed."""

import base64
from collections.abc import Mapping, Sequence
from contextlib import suppress
from io import BytesIO
from math import sqrt
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from gan_lightning.data.images import read_image
from gan_lightning.reports.animation import of_one_size
from gan_lightning.reports.captions import captioned
from gan_lightning.reports.grids import evenly_spaced

LARGEST = 1024
"""The longest side of an embedded picture in pixels."""
HEAVY = 400_000
"""Bytes from which a picture is embedded as WebP with losses, and not as PNG."""
FRAMES = 32
"""Frames of an animation, at most."""
SIDE = 360
"""The side in pixels of a square animation; others have the same area, so that wide grids can be read."""
DURATION = 250
"""Milliseconds that a frame is shown; the last one four times as long."""


class Picture(NamedTuple):
    """A picture of a page.

    Args:
        uri: the picture as a data URI.
        width: in pixels.
        height: in pixels.
        alt: what it shows, for those who do not see it.
    """

    uri: str
    width: int
    height: int
    alt: str


def embedded(file: Path, alt: str) -> Picture | None:
    """Return the picture of a file, at most 1,024 pixels wide and high; None if there is none that can be read."""
    try:
        image = read_image(file)
    except ValueError:
        return None
    image = _reduced(image.convert("RGB"), LARGEST)
    content, kind = _encoded([image], "PNG"), "png"
    if len(content) > HEAVY:
        content, kind = _encoded([image], "WEBP"), "webp"
    return Picture(_uri(content, kind), image.width, image.height, alt)


def animation(grids: Mapping[int, Path], alt: str) -> tuple[Picture, Picture] | None:
    """Return an animation of grids with their iterations below, and its last frame for those who want no motion.

    Args:
        grids: the grids by iteration, in order, of which at most 32, evenly spaced, are shown, the first and the last
            among them.
        alt: what the animation shows.

    Returns:
        The two pictures; None if fewer than two grids can be read.
    """
    numbers = list(grids)
    frames: list[Image.Image] = []
    for number in [numbers[index] for index in evenly_spaced(len(numbers), FRAMES)] if numbers else []:
        with suppress(ValueError):
            image = read_image(grids[number]).convert("RGB")
            longest = min(LARGEST, round(SIDE * sqrt(max(image.size) / min(image.size))))
            frames.append(captioned(_reduced(image, longest), f"iteration {number:,}"))
    if len(frames) < 2:
        return None
    frames = of_one_size(frames)
    width, height = frames[0].size
    pictures = [_uri(_encoded(chosen, "WEBP"), "webp") for chosen in (frames, frames[-1:])]
    moving, still = (Picture(uri, width, height, alt) for uri in pictures)
    return moving, still


def _reduced(image: Image.Image, longest: int) -> Image.Image:
    """Return an image whose longer side is at most so many pixels."""
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return image


def _encoded(frames: Sequence[Image.Image], kind: str) -> bytes:
    """Return a picture, or an animation without end, as the bytes of a file."""
    stream = BytesIO()
    first, *others = frames
    if others:
        durations = [DURATION] * len(others) + [4 * DURATION]
        first.save(stream, kind, save_all=True, append_images=others, duration=durations, loop=0, quality=80, method=2)
    elif kind == "WEBP":
        first.save(stream, kind, quality=85)
    else:
        first.save(stream, kind)
    return stream.getvalue()


def _uri(content: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
