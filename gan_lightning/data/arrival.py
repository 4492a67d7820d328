"""What becomes of bytes once they are on the device: a crop, a mirror image, floats in [-1, 1]."""

import torch
from jaxtyping import Bool, Int, UInt8
from torch import Tensor

from gan_lightning.types import Images

Pixels = UInt8[Tensor, "B C H W"]


def cropped(pixels: Pixels, corners: Int[Tensor, "B 2"], size: int) -> UInt8[Tensor, "B C {size} {size}"]:
    """A square of `size` out of each image; `corners` are the rows and columns where it begins."""
    squares = pixels.unfold(2, size, 1).unfold(3, size, 1)  # a view of all of them
    return squares[torch.arange(len(pixels), device=pixels.device), :, corners[:, 0], corners[:, 1]]


def mirrored(pixels: Pixels, flips: Bool[Tensor, " B"]) -> Pixels:
    """The images with those that `flips` marks turned left to right."""
    return torch.where(flips[:, None, None, None], pixels.flip(-1), pixels)


def in_range(pixels: Pixels, dtype: torch.dtype) -> Images:
    """Bytes from 0 to 255 as floats in [-1, 1]."""
    return pixels.to(dtype).div_(127.5).sub_(1)
