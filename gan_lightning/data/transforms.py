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
    """What every picture of a data set becomes.

    Args:
        image_size: side of the square result.
        channels: 1 for gray, 3 for RGB.
        fit: `crop` the short edge to the size and the middle out of the rest, `pad` the long edge to the size with
            black around the rest, or `stretch` both.
        center_crop: side of a square cut out of the middle first (178 for CelebA), where the picture is larger.
    """

    image_size: int
    channels: int
    fit: Literal["crop", "pad", "stretch"] = "crop"
    center_crop: int | None = None


def fitted(picture: Image.Image, shape: Shape) -> np.ndarray:
    """Turn a picture upright and give it the data set's shape; values are those of torchvision's own transforms.

    Returns:
        uint8 [channels, image_size, image_size]
    """
    picture = colours(ImageOps.exif_transpose(picture), shape.channels)
    if shape.center_crop is not None:
        picture = _middle(picture, min(shape.center_crop, picture.width), min(shape.center_crop, picture.height))
    size = shape.image_size
    if shape.fit == "stretch":
        picture = picture.resize((size, size), BILINEAR)
    elif shape.fit == "pad":
        picture = ImageOps.pad(picture, (size, size), BILINEAR)
    elif min(picture.size) != size:
        # torchvision truncates the long side.
        short = min(picture.size)
        width, height = (size if side == short else int(size * side / short) for side in picture.size)
        picture = picture.resize((width, height), BILINEAR)
    pixels = np.asarray(_middle(picture, size, size))
    return pixels[None] if shape.channels == 1 else pixels.transpose(2, 0, 1)


def fitted_parts(parts: tuple[Image.Image, ...], shape: Shape) -> np.ndarray:
    """A picture, or a pair one on the other: uint8 [parts * channels, image_size, image_size]."""
    return np.concatenate([fitted(part, shape) for part in parts])


def colours(picture: Image.Image, channels: int) -> Image.Image:
    """Gray (1 channel) or RGB (3): transparency composited on white, 16 bits scaled to 8.

    Raises:
        ValueError: for floating point pictures.
    """
    if picture.mode == "F":
        raise ValueError("floating point levels, whose range is not known")
    if picture.mode.startswith("I"):
        levels = np.clip(np.asarray(picture, dtype=np.int64), 0, 65535)
        picture = Image.fromarray(np.round(levels / 257).astype(np.uint8))
    if "A" in picture.getbands() or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture.convert("L" if channels == 1 else "RGB")


def _middle(picture: Image.Image, width: int, height: int) -> Image.Image:
    if picture.size == (width, height):
        return picture
    left, top = round((picture.width - width) / 2), round((picture.height - height) / 2)
    return picture.crop((left, top, left + width, top + height))


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
