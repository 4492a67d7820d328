"""The refusal of an image size that a network cannot have."""

from collections.abc import Iterable

from gan_lightning.types import PositiveInt

LARGEST = 2048
"""The size in pixels below which suggestions stay."""


def wrong_size(must: str, image_size: PositiveInt, sizes: Iterable[PositiveInt]) -> ValueError:
    """Return the error for a size that does not fit, which names the nearest one that does.

    Args:
        must: what the size must be, as a sentence.
        image_size: the size that was given, in pixels.
        sizes: sizes that fit, such as those below `LARGEST`.
    """
    nearest = min(sizes, key=lambda size: (abs(size - image_size), -size))
    return ValueError(f"{must}; got {image_size}, and {nearest} fits")
