"""Transforms from any image to the data set's shape, and from bytes to floats on the device."""

from typing import Literal, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Int, UInt8
from PIL import Image, ImageOps
from torch import Tensor

from gan_lightning.types import Images

BILINEAR = Image.Resampling.BILINEAR


class Shape(NamedTuple):
    """The shape that every image of a data set is fitted to.

    Args:
        image_size: side of the square result, in pixels.
        channels: 1 for gray, 3 for RGB.
        fit: `crop` resizes the short edge to the size and cuts out the middle, `pad` resizes the long edge and adds
            black borders, `stretch` resizes both edges.
        center_crop: side in pixels of a square that is cut out of the middle before (178 for CelebA); an edge that is
            shorter stays whole. None for no such cut.
    """

    image_size: int
    channels: int
    fit: Literal["crop", "pad", "stretch"] = "crop"
    center_crop: int | None = None


def fitted(image: Image.Image, shape: Shape) -> np.ndarray:
    """Turn an image upright, as its EXIF data say, and fit it to a shape.

    Resizing is bilinear with antialiasing; the values equal those of torchvision's transforms of Pillow images.

    Returns:
        uint8 [channels, image_size, image_size]

    Raises:
        ValueError: if the image has floating point values.
    """
    image = with_channels(ImageOps.exif_transpose(image), shape.channels)
    if shape.center_crop is not None:
        image = _middle(image, min(shape.center_crop, image.width), min(shape.center_crop, image.height))
    size = shape.image_size
    if shape.fit == "stretch":
        image = image.resize((size, size), BILINEAR)
    elif shape.fit == "pad":
        image = ImageOps.pad(image, (size, size), BILINEAR)
    elif min(image.size) != size:
        # torchvision truncates the long side.
        short = min(image.size)
        width, height = (size if side == short else int(size * side / short) for side in image.size)
        image = image.resize((width, height), BILINEAR)
    pixels = np.asarray(_middle(image, size, size))
    return pixels[None] if shape.channels == 1 else pixels.transpose(2, 0, 1)


def with_channels(image: Image.Image, channels: int) -> Image.Image:
    """Convert an image to gray (1 channel) or RGB (3): transparency becomes white, 16 bits are scaled to 8.

    Raises:
        ValueError: if the image has floating point values.
    """
    if image.mode == "F":
        raise ValueError("floating point values, whose range is not known")
    if image.mode.startswith("I"):
        values = np.clip(np.asarray(image, dtype=np.int64), 0, 65535)
        image = Image.fromarray(np.round(values / 257).astype(np.uint8))
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("L" if channels == 1 else "RGB")


def _middle(image: Image.Image, width: int, height: int) -> Image.Image:
    if image.size == (width, height):
        return image
    left, top = round((image.width - width) / 2), round((image.height - height) / 2)
    return image.crop((left, top, left + width, top + height))


Pixels = UInt8[Tensor, "B C H W"]


def cropped(pixels: Pixels, corners: Int[Tensor, "B 2"], size: int) -> UInt8[Tensor, "B C {size} {size}"]:
    """Cut a square of `size` x `size` pixels out of each image.

    `corners` gives the row and the column of each square's first pixel, from 0 to H - size and W - size.
    """
    squares = pixels.unfold(2, size, 1).unfold(3, size, 1)  # a view of all of them
    return squares[torch.arange(len(pixels), device=pixels.device), :, corners[:, 0], corners[:, 1]]


def flipped(pixels: Pixels, flips: Bool[Tensor, " B"]) -> Pixels:
    """Return all images; those for which `flips` is true are mirrored left to right."""
    return torch.where(flips[:, None, None, None], pixels.flip(-1), pixels)


def in_range(pixels: Pixels, dtype: torch.dtype) -> Images:
    """Convert bytes from 0 to 255 to floats of type `dtype` in [-1, 1]."""
    return pixels.to(dtype).div_(127.5).sub_(1)
