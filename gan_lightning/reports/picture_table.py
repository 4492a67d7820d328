"""Pictures in rows and columns, with headings above and captions below them."""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

from gan_lightning.reports.pictures import TILE, picture

GAP = 4
"""Pixels between neighbouring pictures."""
BETWEEN = 16
"""Pixels between groups of columns, and around the table."""
LARGE, SMALL = 13, 10
"""Sizes of the letters of headings and of captions, in pixels."""


class Columns(NamedTuple):
    """Pictures under one heading.

    Args:
        heading: what stands above them.
        images: rows of pictures in bytes; gray or in colour, all of one size.
        captions: what stands below each picture; empty for nothing.
    """

    heading: str
    images: UInt8[np.ndarray, "R K H W C"]
    captions: Sequence[Sequence[str]]


def picture_table(groups: Sequence[Columns]) -> Image.Image:
    """Return groups of columns side by side on white; small pictures are enlarged by whole factors.

    Args:
        groups: at least one; all have the same number of rows.
    """
    large, small = (ImageFont.load_default(size) for size in (LARGE, SMALL))
    rows, _, height, width, _ = groups[0].images.shape
    times = max(1, TILE // width)
    height, width = times * height, times * width
    caption = SMALL + 4 if any(text for group in groups for row in group.captions for text in row) else 0
    step = height + caption + GAP
    widths = [
        max(group.images.shape[1] * (width + GAP) - GAP, round(large.getlength(group.heading))) for group in groups
    ]
    lefts = list(accumulate((each + BETWEEN for each in widths), initial=BETWEEN))
    top = BETWEEN + LARGE + GAP
    table = Image.new("RGB", (lefts[-1], top + rows * step - GAP + BETWEEN), "white")
    draw = ImageDraw.Draw(table)
    for group, left in zip(groups, lefts, strict=False):
        draw.text((left, BETWEEN), group.heading, "black", large, anchor="lt")
        for row, (images, texts) in enumerate(zip(group.images, group.captions, strict=True)):
            for column, (image, text) in enumerate(zip(images, texts, strict=True)):
                x, y = left + column * (width + GAP), top + row * step
                table.paste(picture(image.repeat(times, 0).repeat(times, 1)), (x, y))
                draw.text((x + width // 2, y + height + 3), text, "black", small, anchor="mt")
    return table
