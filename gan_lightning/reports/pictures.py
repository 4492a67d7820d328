"""Pictures made of images in [-1, 1]: single ones, and grids whose images are large enough to see."""

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor
from torchvision.utils import make_grid

from gan_lightning.types import Images, PositiveInt

TILE = 64
"""Side in pixels below which the images of a grid are enlarged, by whole factors: 8x8 digits would be dots."""


def levels(images: Images) -> UInt8[np.ndarray, "B H W C"]:
    """Return images as bytes: -1 becomes 0, 1 becomes 255, and what is between the nearest level."""
    bytes_ = ((images.detach().float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return bytes_.permute(0, 2, 3, 1).cpu().numpy()


def grid(images: Images, nrow: PositiveInt) -> Float[Tensor, "3 _ _"]:
    """Return images side by side, `nrow` in a row, as one in [0, 1]."""
    times = max(1, TILE // images.shape[-1])
    images = images.detach().float().repeat_interleave(times, -1).repeat_interleave(times, -2)
    return make_grid(images, nrow, normalize=True, value_range=(-1, 1))


def picture(levels: UInt8[np.ndarray, "H W C"]) -> Image.Image:
    """Return one image, gray or in colour, as Pillow holds it."""
    return Image.fromarray(levels[..., 0] if levels.shape[-1] == 1 else levels)


def picture_of_grid(images: Images, nrow: PositiveInt) -> Image.Image:
    """Return a grid as Pillow holds it."""
    return picture(levels(2 * grid(images, nrow)[None] - 1)[0])
