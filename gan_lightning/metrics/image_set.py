"""What metrics need to know of a data set; the stores of `gan_lightning.data` are such sets."""

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from gan_lightning.types import Count


@runtime_checkable
class ImageSet(Protocol):
    """Images of one size in bytes, by number, with a hash of what they are."""

    @property
    def labels(self) -> np.ndarray | None:
        """Class numbers [N], where there are any."""

    @property
    def fingerprint(self) -> str:
        """A hash of pixels and labels."""

    def __len__(self) -> int: ...

    def rows(self, indices: list[int]) -> np.ndarray:
        """Pixels [n, C, H, W] of some images."""


def batches(images: ImageSet, numbers: Sequence[int], batch_size: Count) -> Iterator[UInt8[Tensor, "B C H W"]]:
    """The images of these numbers, in their order."""
    for start in range(0, len(numbers), batch_size):
        # A copy, for the rows of a mapped file may be read-only memory that torch would warn about.
        yield torch.from_numpy(np.array(images.rows(list(numbers[start : start + batch_size]))))
