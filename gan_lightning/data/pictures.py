"""What every data set hands over: pictures by number, with labels where there are any."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from PIL import Image


@runtime_checkable
class Pictures(Protocol):
    """Pictures as they are stored, before they are cropped and resized."""

    labels: np.ndarray | None

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Image.Image: ...


class ArrayPictures:
    """Pictures of a uint8 array [N, H, W] or [N, H, W, 3], with optional labels [N]."""

    def __init__(self, pixels: np.ndarray, labels: np.ndarray | None = None) -> None:
        self.pixels = pixels
        self.labels = labels

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> Image.Image:
        return Image.fromarray(self.pixels[index])


class FilePictures:
    """Pictures in files."""

    def __init__(self, files: Sequence[str], labels: np.ndarray | None = None) -> None:
        self.files = files
        self.labels = labels

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Image.Image:
        return Image.open(self.files[index])
