"""The splits of a data set: their names, and test images that are held out of the training images."""

from collections.abc import Callable, Sequence, Sized
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np

from gan_lightning.data.images import Item, PILImages, Source
from gan_lightning.files import hashed_name
from gan_lightning.randomness import derive
from gan_lightning.types import NonNegativeFloat

T = TypeVar("T")
Split = Literal["train", "test"]


class NoTestImagesError(ValueError):
    """A data set has no test images, which is no mistake."""


def by_name(split: Split, domains: list[T]) -> dict[str, T]:
    """Return the domains of a split by what they are called in messages: `train`, or `train x` and `train y`."""
    names = [split] if len(domains) == 1 else [f"{split} {side}" for side in "xy"]
    return dict(zip(names, domains, strict=True))


def counts_of(domains: Sequence[Sized]) -> dict[str, int]:
    """Return the number of training images of each domain by its name."""
    return {name: len(images) for name, images in by_name("train", list(domains)).items()}


class SelectedImages:
    """Some of a set's images, in their order.

    Args:
        images: the whole set.
        numbers: the numbers of the selected images.
    """

    def __init__(self, images: PILImages, numbers: np.ndarray) -> None:
        self.images, self.numbers = images, numbers.tolist()
        self.labels = None if images.labels is None else images.labels[numbers]
        self.images_per_item = images.images_per_item

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: int) -> Item:
        return self.images[self.numbers[index]]

    def name(self, index: int) -> str:
        return self.images.name(self.numbers[index])

    def files(self, index: int) -> list[Path]:
        return self.images.files(self.numbers[index])

    def sources(self) -> list[Source]:
        # Both parts of a set have all of its sources, so their caches must differ in something else.
        return [Source(f"selected {hashed_name(*self.numbers)}", len(self), 0), *self.images.sources()]


def domains_of(
    split: Split, domains: Callable[[Split], list[PILImages]], test_fraction: NonNegativeFloat
) -> list[PILImages]:
    """Return the images of each domain of a split; test images may be held out of the training images.

    Args:
        split: the split.
        domains: finds the images of each domain of a split, and raises a ValueError for one that the set has not.
        test_fraction: the share of the training images that is held out; 0 for the splits as the set has them.

    Raises:
        ValueError: as `domains` does; or if images are to be held out and the set has test images of its own, or none
            would be left for one of the splits.
    """
    if not test_fraction:
        return domains(split)
    if own := _number_of_test_images(domains):
        raise ValueError(
            f"data.test_fraction must be 0 where the data have test images of their own, which are {own:,} here; "
            f"got {test_fraction}"
        )
    return [divided(images, test_fraction)[split] for images in domains("train")]


def _number_of_test_images(domains: Callable[[Split], list[PILImages]]) -> int:
    try:
        return sum(map(len, domains("test")))
    except ValueError:
        return 0


def divided(images: PILImages, test_fraction: NonNegativeFloat) -> dict[Split, SelectedImages]:
    """Divide images into those to train on and those to test on.

    A hash of each image's name, which is its number or its path below the data set's folder, decides. So the same
    images are held out on every machine, in every run and under every seed.

    Args:
        images: all images.
        test_fraction: the share that is held out, rounded to whole images.

    Raises:
        ValueError: if no image would be left for one of the two.
    """
    count = round(test_fraction * len(images))
    if not 0 < count < len(images):
        raise ValueError(
            "data.test_fraction must leave images to train on and images to test on; "
            f"{test_fraction} of {len(images):,} are {count:,}"
        )
    hashes = np.array([derive("held out", images.name(number)) for number in range(len(images))])
    order = np.argsort(hashes, kind="stable")
    return {
        "train": SelectedImages(images, np.sort(order[count:])),
        "test": SelectedImages(images, np.sort(order[:count])),
    }
