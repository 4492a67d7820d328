"""Whether pictures are as wide as A|B pictures are, which hold two images side by side; their headers tell."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

import numpy as np

from gan_lightning.data.images import open_image
from gan_lightning.printable import printable

log = logging.getLogger(__name__)

LOOKED_AT = 200
"""At most this many headers are read, at equal distances in the list of files."""
TWO_SQUARES = 1.9
"""Widths over heights from which an A|B picture holds two squares or wider images; two squares side by side have 2."""
ONE_SQUARE = 1.0
"""Widths over heights up to which half a picture is at most half as wide as high."""
ODD_WIDTH = "which two images of one size cannot be"
"""The end of the sentence on a picture whose width is odd."""
SINGLE = "data=folder is for single pictures, and pairs of two files each go into A/ and B/"


def check_widths(paths: Sequence[Path], root: Path, fit: Literal["crop", "pad", "stretch"]) -> None:
    """Refuse pictures that are hardly A|B pictures, and log a warning about those that may be none.

    Narrow halves are refused only where `fit=crop` would cut half of them away, so another fit lets them pass. Files
    whose headers cannot be read are left to the pass that decodes them.

    Args:
        paths: the files.
        root: the folder or zip file that contains them.
        fit: how each half is fitted to a square.

    Raises:
        ValueError: if more than half of the pictures are no wider than high, and `fit` is `crop`.
    """
    sizes: dict[Path, tuple[int, int]] = {}
    for number in np.unique(np.linspace(0, len(paths) - 1, min(len(paths), LOOKED_AT)).astype(int)):
        with suppress(ValueError), open_image(paths[number]) as image:
            sizes[paths[number]] = image.size
    if found := _narrower(sizes, ONE_SQUARE, root) if fit == "crop" else "":
        raise ValueError(
            f"data.root must hold A|B pictures, which are twice as wide as high; {found} no wider than high; "
            f"{SINGLE}; if they do hold two narrow images side by side, type data.fit=stretch"
        )
    if found := _narrower(sizes, TWO_SQUARES, root):
        log.warning(
            "A|B pictures are twice as wide as high, and %s narrower; %s; if they do hold two images side by side, "
            "nothing is wrong",
            found, SINGLE,
        )  # fmt: skip


def _narrower(sizes: dict[Path, tuple[int, int]], ratio: float, root: Path) -> str:
    """Return how many pictures have at most a ratio of width to height, in words; empty unless most have."""
    narrow = [file for file, (width, height) in sizes.items() if width <= ratio * height]
    if 2 * len(narrow) <= len(sizes):
        return ""
    width, height = sizes[narrow[0]]
    name = printable(narrow[0].relative_to(root))
    return f"{len(narrow)} of {len(sizes)}, such as {name} of {width}x{height}, {'is' if len(narrow) == 1 else 'are'}"
