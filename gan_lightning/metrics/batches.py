"""Images of a set in batches."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from gan_lightning.types import Count, ImageSet


def batches(images: ImageSet, numbers: Sequence[int], batch_size: Count) -> Iterator[UInt8[Tensor, "B C H W"]]:
    """The images of these numbers, in their order."""
    for start in range(0, len(numbers), batch_size):
        # A copy, for the rows of a mapped file may be read-only memory that torch would warn about.
        yield torch.from_numpy(np.array(images.rows(list(numbers[start : start + batch_size]))))
