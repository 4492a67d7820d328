"""PNG files, written without torch."""

from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from gan_lightning.files import atomic_write


def write_png(image: Image.Image, file: Path, title: str = "") -> None:
    """Write a PNG file in one step; the same picture always has the same bytes.

    Args:
        image: the picture.
        file: the file; one that exists is replaced.
        title: the caption that the picture shows, which the file also holds as text, `Title`; empty for none.
    """
    text = PngInfo()
    if title:
        text.add_text("Title", title)
    with atomic_write(file) as stream:
        image.save(stream, "PNG", pnginfo=text)
