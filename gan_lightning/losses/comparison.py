"""What a comparison of an output with its target is."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from gan_lightning.types import Images, Scalar


class Comparison(ABC):
    """How far images are from those they should be, for a generator that is shown what to draw.

    `weight` multiplies it and is read at each call, so a schedule may set it between two steps.
    """

    weight: float

    @abstractmethod
    def __call__(self, output: Images, target: Images) -> Scalar:
        """The weighted comparison; gradients flow through `output`."""


def difference(output: Tensor, target: Tensor) -> Tensor:
    """`output` less `target`, of equal shapes, in float32 at least: half precision's sums are too coarse."""
    assert output.shape == target.shape, f"{tuple(output.shape)} beside {tuple(target.shape)}"
    full = torch.promote_types(output.dtype, torch.float32)
    return output.to(full) - target.detach().to(full)
