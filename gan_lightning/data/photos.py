"""Crops of scikit-learn's two embedded photographs; nothing to download."""

from functools import cache

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_image

from gan_lightning.data.cache import Direct, Store
from gan_lightning.data.paired import AlignedDataModule, UnalignedDataModule
from gan_lightning.data.pictures import Parts, Pictures, Source
from gan_lightning.data.stored import Split, StoredPictures
from gan_lightning.data.transforms import Shape

PHOTOS = ("china.jpg", "flower.jpg")
TRAINING_SHARE = 0.75
"""Crops for training lie in the left three quarters of a photograph, those for tests in the rest."""


class Crops:
    """Overlapping square crops of photographs, at a quarter of their side apart.

    Args:
        photos: file names of scikit-learn's photographs.
        side: of the crops, in pixels.
        split: which part of the photographs.
        from_gray: give pairs of the gray crop and the crop itself.
    """

    labels: np.ndarray | None = None

    def __init__(self, photos: tuple[str, ...], side: int, split: Split, from_gray: bool) -> None:
        self.photos, self.side, self.parts = photos, side, 2 if from_gray else 1
        self.places: list[tuple[str, int, int]] = []
        for photo in photos:
            height, width, _ = _photo(photo).shape
            border = int(width * TRAINING_SHARE)
            left, right = (0, border) if split == "train" else (border, width)
            step = max(1, side // 4)
            self.places += [
                (photo, x, y) for y in range(0, height - side + 1, step) for x in range(left, right - side + 1, step)
            ]
        if not self.places:
            raise ValueError(
                "data.image_size must be at most 160, what the photographs leave for tests, and data.load_size at most "
                f"427, their height; got {side}"
            )

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> Parts:
        photo, x, y = self.places[index]
        crop = Image.fromarray(_photo(photo)[y : y + self.side, x : x + self.side])
        return (crop,) if self.parts == 1 else (crop.convert("L").convert("RGB"), crop)

    def name(self, index: int) -> str:
        photo, x, y = self.places[index]
        return f"{photo} at {x}, {y}"

    def sources(self) -> list[Source]:
        return [Source(f"{self.name(0)} to {self.name(-1)}, {self.side} pixels, {self.parts} parts", len(self), 0)]


@cache
def _photo(name: str) -> np.ndarray:
    return load_sample_image(name)


class Native(StoredPictures):
    """Photographs whose crops are shown as they are: a smaller one is the middle of a larger, not a shrunken one."""

    def stores(self, split: Split, shape: Shape | None = None) -> list[Store | Direct]:
        shape = shape or self.shape_of(split)
        return super().stores(split, shape._replace(center_crop=shape.image_size))


class PhotosUnpaired(Native, UnalignedDataModule):
    """Two domains: a Chinese roof (x) and a flower (y)."""

    def domains(self, split: Split) -> list[Pictures]:
        return [Crops((photo,), self.shape_of(split).image_size, split, from_gray=False) for photo in PHOTOS]


class PhotosPaired(Native, AlignedDataModule):
    """Pairs of gray (x) and colour (y), from both photographs."""

    def domains(self, split: Split) -> list[Pictures]:
        return [Crops(PHOTOS, self.shape_of(split).image_size, split, from_gray=True)]
