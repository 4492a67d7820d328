"""From any picture to the data set's size and colours."""

import numpy as np
from PIL import Image, ImageOps


def fit(picture: Image.Image, image_size: int, channels: int, center_crop: int | None = None) -> np.ndarray:
    """Turn a picture upright, crop and resize it as torchvision's CenterCrop, Resize(antialias) and CenterCrop would.

    Args:
        picture: any mode; transparent pixels become white.
        image_size: side of the result.
        channels: 1 for gray, 3 for RGB.
        center_crop: side of a square cut out of the middle first (178 for CelebA), where the picture is larger.

    Returns:
        uint8 [channels, image_size, image_size]
    """
    picture = colours(ImageOps.exif_transpose(picture), channels)
    if center_crop is not None:
        picture = _middle(picture, min(center_crop, picture.width), min(center_crop, picture.height))
    short = min(picture.size)
    if short != image_size:
        # torchvision truncates the long side, so do we: the values must be equal to its own.
        width, height = (image_size if side == short else int(image_size * side / short) for side in picture.size)
        picture = picture.resize((width, height), Image.Resampling.BILINEAR)
    pixels = np.asarray(_middle(picture, image_size, image_size))
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)


def colours(picture: Image.Image, channels: int) -> Image.Image:
    """Gray (1 channel) or RGB (3), transparency composited on white."""
    if "A" in picture.getbands() or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return picture.convert("L" if channels == 1 else "RGB")


def _middle(picture: Image.Image, width: int, height: int) -> Image.Image:
    left, top = round((picture.width - width) / 2), round((picture.height - height) / 2)
    return picture.crop((left, top, left + width, top + height))
