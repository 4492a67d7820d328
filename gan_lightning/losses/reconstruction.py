"""Reconstruction losses: the distance of an output from its target."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from gan_lightning.types import Images, NonNegativeFloat, Scalar


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


class PixelComparison(Comparison):
    """A mean over all pixels and channels of a batch.

    Args:
        weight: what the mean is multiplied by.
    """

    def __init__(self, weight: NonNegativeFloat = 100.0) -> None:
        self.weight = weight


class L1(PixelComparison):
    """weight * mean |output - target| (pix2pix, Isola et al. 2017, arXiv:1611.07004, equation 3).

    The paper's weight is 100. L1 blurs less than L2, for its minimum is a median of the possible pixels.
    """

    def __call__(self, output: Images, target: Images) -> Scalar:
        return self.weight * difference(output, target).abs().mean()


class L2(PixelComparison):
    """weight * mean (output - target)^2 (Pathak et al. 2016, arXiv:1604.07379, equation 1, without its mask)."""

    def __call__(self, output: Images, target: Images) -> Scalar:
        return self.weight * difference(output, target).square().mean()
