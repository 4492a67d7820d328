"""Images as a data set stores them: Pillow images by number, with labels where there are any."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from PIL import Image

Item = tuple[Image.Image, ...]
"""One image, or the two of an aligned pair."""


class Source(NamedTuple):
    """Something that images come from: its name, its size and the time of its last change.

    Args:
        name: the whole path of a file, because folders may hold the same names and sizes; else any name.
        size: in bytes, or a number of images.
        changed: in nanoseconds; 0 for what never changes.
    """

    name: str
    size: int
    changed: int

    @classmethod
    def of_file(cls, file: Path) -> "Source":
        """Return a file as a source; a broken link has size -1."""
        try:
            status = file.stat()
        except OSError:
            return cls(str(file.absolute()), -1, 0)
        return cls(str(file.absolute()), status.st_size, status.st_mtime_ns)


@runtime_checkable
class PILImages(Protocol):
    """Images, or aligned pairs of images, as they are stored, before they are cropped and resized."""

    labels: np.ndarray | None
    images_per_item: int

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Item:
        """Read an image or a pair.

        Raises:
            ValueError: if it cannot be read, with the reason.
        """

    def name(self, index: int) -> str:
        """Return what an image is called in messages."""

    def sources(self) -> list[Source]:
        """Return what the images come from; a cache of them is built again if a source changes."""


class ArrayImages:
    """Images of a uint8 array [N, H, W] or [N, H, W, 3], with optional labels [N]."""

    images_per_item = 1

    def __init__(self, pixels: np.ndarray, labels: np.ndarray | None, sources: list[Source]) -> None:
        self.pixels = pixels
        self.labels = labels
        self._sources = sources

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> Item:
        return (Image.fromarray(self.pixels[index]),)

    def name(self, index: int) -> str:
        return f"number {index}"

    def sources(self) -> list[Source]:
        return self._sources


class ImageFiles:
    """Images in files below a folder, with optional labels [N]."""

    images_per_item = 1

    def __init__(self, files: Sequence[Path], root: Path, labels: np.ndarray | None = None) -> None:
        self.files = files
        self.root = root
        self.labels = labels

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Item:
        return (read_image(self.files[index]),)

    def name(self, index: int) -> str:
        return str(self.files[index].relative_to(self.root))

    def sources(self) -> list[Source]:
        return [Source.of_file(file) for file in self.files]


def read_image(file: Path) -> Image.Image:
    """Read and decode an image file; an animation gives its first image.

    Raises:
        ValueError: if the file is missing, empty, damaged, no image, a single row or column, or too large.
    """
    limit = Image.MAX_IMAGE_PIXELS or 0
    try:
        if file.stat().st_size == 0:
            raise ValueError("empty file")
        image = Image.open(file)
        width, height = image.size
        if width * height > limit:
            raise ValueError(f"{width}x{height} pixels, more than {limit:,} in all")
        if min(width, height) < 2:
            raise ValueError(f"only {width}x{height} pixels")
        image.load()
    except ValueError:
        raise
    except FileNotFoundError as error:
        raise ValueError("link that leads nowhere" if file.is_symlink() else "no such file") from error
    except (OSError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise ValueError(_reason(error)) from error
    return image


def _reason(error: Exception) -> str:
    message = str(error)
    if "cannot identify" in message:
        return "not an image"
    if "symbolic links" in message:
        return "link that leads to itself"
    return message.splitlines()[0] if message else type(error).__name__
