"""The refusal of an image size that a network cannot have."""

from collections.abc import Iterable

from gan_lightning.types import PositiveInt
from gan_lightning.values import WrongSizeError

LARGEST = 2048
"""The size in pixels below which suggestions stay."""


def wrong_size(must: str, image_size: PositiveInt, sizes: Iterable[PositiveInt]) -> WrongSizeError:
    """Return the error for a size that does not fit, which names the nearest one that does.

    Args:
        must: what `image_size` must be, as a sentence that calls it by that name.
        image_size: the size that was given, in pixels.
        sizes: sizes that fit, such as those below `LARGEST`.
    """
    return WrongSizeError(must, image_size, min(sizes, key=lambda size: (abs(size - image_size), -size)))
