"""Images in uint8, as feature extractors take them."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Shaped, UInt8
from torch import Tensor

from gan_lightning.types import ImageSet, PositiveInt

UInt8Images = UInt8[Tensor, "B 3 H W"]
"""Red, green and blue from 0 to 255."""
TOLERANCE = 1 / 255
"""Values may be outside [-1, 1] by this rounding error, half the distance of two neighbouring uint8 values."""


def to_uint8(images: Shaped[Tensor, "B C H W"]) -> UInt8Images:
    """Round images in [-1, 1] to uint8 in three channels, [B, 3, H, W].

    Scores depend on this step: truncating instead of rounding changes a FID by about one percent.

    Args:
        images: floats in [-1, 1], or uint8, which keeps its values; with 1 channel, which is repeated, or 3.

    Raises:
        ValueError: if values are NaN, infinite or outside [-1, 1] by more than 1/255, or if the type or the number of
            channels is none of these.
    """
    if images.shape[1] not in (1, 3):
        raise ValueError(f"images to be scored must have 1 or 3 channels; got {images.shape[1]}")
    return (images if images.dtype == torch.uint8 else _round(images)).expand(-1, 3, -1, -1)


def _round(images: Tensor) -> Tensor:
    if not images.is_floating_point():
        raise ValueError(f"images to be scored must be floats in [-1, 1] or uint8; got {images.dtype}")
    images = images.float()
    low, high = (bound.item() for bound in images.aminmax())
    if not (low >= -1 - TOLERANCE and high <= 1 + TOLERANCE):
        if not images.isfinite().all():
            raise ValueError("images to be scored must be finite numbers; got NaN or infinity")
        raise ValueError(f"images to be scored must be in [-1, 1]; got values from {low:g} to {high:g}")
    return ((images + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def read_batches(
    images: ImageSet, numbers: Sequence[int], batch_size: PositiveInt
) -> Iterator[UInt8[Tensor, "B C H W"]]:
    """Yield the images with the given numbers in the given order; the last batch may be smaller."""
    for start in range(0, len(numbers), batch_size):
        # The array is copied because torch warns about the read-only memory of a mapped file.
        yield torch.from_numpy(np.array(images.rows(list(numbers[start : start + batch_size]))))
