"""Crops of scikit-learn's two embedded photographs; nothing to download."""

from abc import ABC
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_image

from gan_lightning.data.images import Item, PILImages, Source
from gan_lightning.data.module import StoredDataModule
from gan_lightning.data.paired import AlignedDataModule
from gan_lightning.data.splits import Split
from gan_lightning.data.transforms import Shape
from gan_lightning.data.unpaired import UnalignedDataModule

PHOTOS = ("china.jpg", "flower.jpg")
MOST = {
    "image_size": (160, "the width that the photographs leave for tests"),
    "load_size": (427, "the height of the photographs"),
}
"""The largest sizes of crops, and why."""
TRAINING_SHARE = 0.75
"""Training crops are from the left three quarters of a photograph, test crops from the rest."""


class PhotoCrops:
    """Overlapping square crops of photographs, a quarter of their side apart, in an order that is mixed but fixed.

    A grid shows the first ones, which are therefore from all over the photographs.

    Args:
        photos: file names of scikit-learn's photographs.
        side: the crops' side, in pixels.
        split: which part of the photographs is cropped.
        from_gray: whether items are pairs of the gray crop and the crop itself.
    """

    labels: np.ndarray | None = None

    def __init__(self, photos: tuple[str, ...], side: int, split: Split, from_gray: bool) -> None:
        self.photos, self.side, self.images_per_item = photos, side, 2 if from_gray else 1
        places: list[tuple[str, int, int]] = []
        for photo in photos:
            height, width, _ = _photo(photo).shape
            border = int(width * TRAINING_SHARE)
            left, right = (0, border) if split == "train" else (border, width)
            step = max(1, side // 4)
            places += [
                (photo, x, y) for y in range(0, height - side + 1, step) for x in range(left, right - side + 1, step)
            ]
        self.places = [places[number] for number in np.random.default_rng(0).permutation(len(places))]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> Item:
        photo, x, y = self.places[index]
        crop = Image.fromarray(_photo(photo)[y : y + self.side, x : x + self.side])
        return (crop,) if self.images_per_item == 1 else (crop.convert("L").convert("RGB"), crop)

    def name(self, index: int) -> str:
        photo, x, y = self.places[index]
        return f"{photo} at {x}, {y}"

    def files(self, index: int) -> list[Path]:
        return []

    def sources(self) -> list[Source]:
        crops = f"{self.name(0)} to {self.name(-1)}, {self.side} pixels, {self.images_per_item} in each item"
        return [Source(crops, len(self), 0)]


@cache
def _photo(name: str) -> np.ndarray:
    return load_sample_image(name)


class UnscaledDataModule(StoredDataModule, ABC):
    """Images that are never resized: a smaller one is the middle of a larger one."""

    def fitted_shape(self, image_size: int) -> Shape:
        return super().fitted_shape(image_size)._replace(center_crop=image_size)

    def check_files(self) -> None:
        self.domains("train")

    def crops(self, photos: tuple[str, ...], split: Split, from_gray: bool) -> PhotoCrops:
        """Return the crops of photographs for a split; the arguments are those of `PhotoCrops`.

        Raises:
            ValueError: if the photographs are too small for one.
        """
        crops = PhotoCrops(photos, self.fitted_size(split), split, from_gray)
        if not len(crops):
            given = {"image_size": self.image_size, "load_size": self.load_size or 0}
            wrong = {key: (given[key], *limit) for key, limit in MOST.items() if given[key] > limit[0]}
            must = " and ".join(f"data.{key} must be at most {most}, {why}" for key, (_, most, why) in wrong.items())
            got = " and ".join(str(value) for value, *_ in wrong.values())
            remedy = " ".join(f"data.{key}={most}" for key, (_, most, _) in wrong.items())
            raise ValueError(f"{must}; got {got}; type {remedy}")
        return crops


class PhotosUnpaired(UnscaledDataModule, UnalignedDataModule):
    """Two domains: a Chinese roof (x) and a flower (y)."""

    def domains(self, split: Split) -> list[PILImages]:
        return [self.crops((photo,), split, from_gray=False) for photo in PHOTOS]


class PhotosPaired(UnscaledDataModule, AlignedDataModule):
    """Pairs of gray (x) and colour (y), from both photographs."""

    def domains(self, split: Split) -> list[PILImages]:
        return [self.crops(PHOTOS, split, from_gray=True)]
