"""What every data set hands over: pictures by number, with labels where there are any."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from PIL import Image


class Source(NamedTuple):
    """Something pictures come from: its name, its size and when it was changed last."""

    name: str
    size: int
    changed: int

    @classmethod
    def of_file(cls, file: Path) -> "Source":
        """A file by its whole path, for folders may hold the same names and sizes; a broken link has size -1."""
        try:
            status = file.stat()
        except OSError:
            return cls(str(file.absolute()), -1, 0)
        return cls(str(file.absolute()), status.st_size, status.st_mtime_ns)


Parts = tuple[Image.Image, ...]
"""One picture, or the two of an aligned pair."""


@runtime_checkable
class Pictures(Protocol):
    """Pictures, or aligned pairs of them, as they are stored, before they are cropped and resized."""

    labels: np.ndarray | None
    parts: int

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Parts:
        """A picture or pair.

        Raises:
            ValueError: where it cannot be read, with the reason.
        """

    def name(self, index: int) -> str:
        """What to call a picture in a message."""

    def sources(self) -> list[Source]:
        """What the pictures come from; the cache is made anew where it changes."""


class ArrayPictures:
    """Pictures of a uint8 array [N, H, W] or [N, H, W, 3], with optional labels [N]."""

    parts = 1

    def __init__(self, pixels: np.ndarray, labels: np.ndarray | None, sources: list[Source]) -> None:
        self.pixels = pixels
        self.labels = labels
        self._sources = sources

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> Parts:
        return (Image.fromarray(self.pixels[index]),)

    def name(self, index: int) -> str:
        return f"number {index}"

    def sources(self) -> list[Source]:
        return self._sources


class FilePictures:
    """Pictures in files below a folder, with optional labels [N]."""

    parts = 1

    def __init__(self, files: Sequence[Path], root: Path, labels: np.ndarray | None = None) -> None:
        self.files = files
        self.root = root
        self.labels = labels

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Parts:
        return (read(self.files[index]),)

    def name(self, index: int) -> str:
        return str(self.files[index].relative_to(self.root))

    def sources(self) -> list[Source]:
        return [Source.of_file(file) for file in self.files]


def read(file: Path) -> Image.Image:
    """An image file, wholly decoded; of an animation the first picture.

    Raises:
        ValueError: where the file is missing, empty, damaged, no image, a single row or column, or absurdly large.
    """
    limit = Image.MAX_IMAGE_PIXELS or 0
    try:
        if file.stat().st_size == 0:
            raise ValueError("empty file")
        picture = Image.open(file)
        width, height = picture.size
        if width * height > limit:
            raise ValueError(f"{width}x{height} pixels, more than {limit:,} in all")
        if min(width, height) < 2:
            raise ValueError(f"only {width}x{height} pixels")
        picture.load()
    except ValueError:
        raise
    except FileNotFoundError as error:
        raise ValueError("link that leads nowhere" if file.is_symlink() else "no such file") from error
    except (OSError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise ValueError(_reason(error)) from error
    return picture


def _reason(error: Exception) -> str:
    said = str(error)
    if "cannot identify" in said:
        return "not an image"
    if "symbolic links" in said:
        return "link that leads to itself"
    return said.splitlines()[0] if said else type(error).__name__
