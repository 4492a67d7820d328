"""Images as a data set stores them: Pillow images by number, with labels where there are any."""

import os
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from PIL import Image

from gan_lightning.data.archive import archive_of, content
from gan_lightning.printable import printable

Item = tuple[Image.Image, ...]
"""One image, or the two of an aligned pair."""

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
"""The formats that are decoded, whatever a file's name says; Pillow's others include one that starts Ghostscript."""


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


def sources_of(files: Sequence[Path], root: Path) -> list[Source]:
    """Return the files below a folder as sources; those of a zip file change when it does."""
    archive = archive_of(root)
    if archive is None:
        return [Source.of_file(file) for file in files]
    members = [Source(str(file.absolute()), archive.size(file), 0) for file in files]
    return [Source.of_file(archive.file), *members]


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
        """Return what an image is called in messages, without characters that are not printable."""

    def files(self, index: int) -> list[Path]:
        """Return the files that hold an image or a pair and nothing else; none where it is a part of a file."""

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

    def files(self, index: int) -> list[Path]:
        return []

    def sources(self) -> list[Source]:
        return self._sources


class ImageFiles:
    """Images in files below a folder or in a zip file, with optional labels [N]."""

    images_per_item = 1

    def __init__(self, paths: Sequence[Path], root: Path, labels: np.ndarray | None = None) -> None:
        self.paths = paths
        self.root = root
        self.labels = labels

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Item:
        return (read_image(self.paths[index]),)

    def name(self, index: int) -> str:
        return printable(self.paths[index].relative_to(self.root))

    def files(self, index: int) -> list[Path]:
        return on_disk(self.root, self.paths[index])

    def sources(self) -> list[Source]:
        return sources_of(self.paths, self.root)


def on_disk(root: Path, *paths: Path) -> list[Path]:
    """Return paths below a folder if all are files in it, so that to remove one removes nothing else.

    Members of a zip file are none, and neither are links or what is reached through a link to a folder.
    """
    real = os.path.realpath(root)
    are_own = all(
        os.path.lexists(path) and os.path.realpath(path) == os.path.normpath(os.path.join(real, path.relative_to(root)))  # noqa: PTH118 - Path keeps `..`
        for path in paths
    )
    return list(paths) if are_own else []


def is_damaged(file: Path) -> bool:
    """Return whether a file's content is no image: empty, of no format of `FORMATS`, or damaged.

    What cannot be read for want of rights, memory or open files, or has too many pixels, may be a good image.
    """
    try:
        with file.open("rb") as stream, Image.open(stream, formats=FORMATS) as image:
            if image.width * image.height <= (Image.MAX_IMAGE_PIXELS or 0):
                image.load()
    except (MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return False
    except OSError as error:  # the system's errors have a number, and Pillow's have none
        return error.errno is None and "memory" not in str(error)
    except Exception:  # damaged files raise many kinds of errors
        return True
    return False


def open_image(file: Path | BytesIO) -> Image.Image:
    """Open an image of one of `FORMATS` and read its header, but not its pixels.

    Raises:
        ValueError: if it is missing, empty, no image of these formats, a single row or column, or too large.
    """
    limit = Image.MAX_IMAGE_PIXELS or 0
    try:
        image = Image.open(content(file) if isinstance(file, Path) else file, formats=FORMATS)
        width, height = image.size
    except FileNotFoundError as error:
        link = isinstance(file, Path) and file.is_symlink()
        raise ValueError("link that leads nowhere" if link else "no such file") from error
    except Exception as error:  # damaged files raise many kinds of errors, and one must not stop the rest
        raise ValueError(reason(error)) from error
    if width * height > limit:
        raise ValueError(f"{width}x{height} pixels, more than {limit:,} in all")
    if min(width, height) < 2:
        raise ValueError(f"only {width}x{height} pixels")
    return image


def read_image(file: Path | BytesIO) -> Image.Image:
    """Read and decode an image of one of `FORMATS`; an animation gives its first image.

    Raises:
        ValueError: if it is damaged, or as `open_image` says.
    """
    image = open_image(file)
    try:
        image.load()
    except Exception as error:
        raise ValueError(reason(error)) from error
    return image


def reason(error: Exception) -> str:
    """Return why an image cannot be read, in one line."""
    message = str(error)
    if "cannot identify" in message:
        return "not an image in JPEG, PNG, WebP, BMP, TIFF or GIF"
    if "symbolic links" in message:
        return "link that leads to itself"
    return printable(message.splitlines()[0] if message else type(error).__name__)
