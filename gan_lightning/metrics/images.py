"""Images as the bytes that feature extractors take."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Shaped, UInt8
from torch import Tensor

from gan_lightning.types import ImageSet, PositiveInt

Levels = UInt8[Tensor, "B 3 H W"]
"""Red, green and blue from 0 to 255."""
SLACK = 1 / 255
"""Half a level in [-1, 1]: what rounding may put outside of it."""


def to_levels(images: Shaped[Tensor, "B C H W"]) -> Levels:
    """Images in [-1, 1] as the nearest of 256 levels; bytes stay as they are, and gray is repeated.

    Scores hang on this step: cutting off instead of rounding moves a FID by a percent.

    Raises:
        ValueError: for NaN or infinite values, values outside of [-1, 1], other types than floats and bytes, and other
            channels than 1 and 3.
    """
    if images.shape[1] not in (1, 3):
        raise ValueError(f"images to be scored must have 1 or 3 channels; got {images.shape[1]}")
    return (images if images.dtype == torch.uint8 else _rounded(images)).expand(-1, 3, -1, -1)


def _rounded(images: Tensor) -> Tensor:
    if not images.is_floating_point():
        raise ValueError(f"images to be scored must be floats in [-1, 1] or bytes; got {images.dtype}")
    images = images.float()
    low, high = (bound.item() for bound in images.aminmax())
    if not (low >= -1 - SLACK and high <= 1 + SLACK):
        finite = images.isfinite().all().item()
        raise ValueError(
            f"images to be scored must be in [-1, 1]; got values from {low:g} to {high:g}"
            if finite
            else "images to be scored must be finite numbers; got NaN or infinity"
        )
    return ((images + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def batches(images: ImageSet, numbers: Sequence[int], batch_size: PositiveInt) -> Iterator[UInt8[Tensor, "B C H W"]]:
    """The images of these numbers, in their order."""
    for start in range(0, len(numbers), batch_size):
        # A copy, for the rows of a mapped file may be read-only memory that torch would warn about.
        yield torch.from_numpy(np.array(images.rows(list(numbers[start : start + batch_size]))))
