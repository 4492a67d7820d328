"""Reconstruction losses: distances of an output from the image that it should be."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from gan_lightning.types import Images, NonNegativeFloat, Scalar


class ReconstructionLoss(ABC):
    """A distance between a generator's output and the correct output, for data in which the correct output is known.

    The distance is multiplied by `weight`.
    """

    weight: float

    @abstractmethod
    def __call__(self, output: Images, target: Images) -> Scalar:
        """Return the weighted distance; gradients flow through `output`."""


def difference(output: Tensor, target: Tensor) -> Tensor:
    """Return `output` minus `target`, of equal shapes, in float32 at least: half precision's sums are too coarse."""
    assert output.shape == target.shape, f"{tuple(output.shape)} beside {tuple(target.shape)}"
    full = torch.promote_types(output.dtype, torch.float32)
    return output.to(full) - target.detach().to(full)


class PixelLoss(ReconstructionLoss):
    """A mean over all pixels and channels of a batch.

    Args:
        weight: what the mean is multiplied by.
    """

    def __init__(self, weight: NonNegativeFloat = 100.0) -> None:
        self.weight = weight


class L1(PixelLoss):
    """weight * mean |output - target| (pix2pix, Isola et al. 2017, arXiv:1611.07004, equation 3).

    The paper's weight is 100. L1 blurs less than L2, because its minimum is a median of the possible pixels.

    Examples:
        >>> L1(weight=100.0)(torch.zeros(1, 3, 2, 2), torch.full((1, 3, 2, 2), 0.5))
        tensor(50.)
    """

    def __call__(self, output: Images, target: Images) -> Scalar:
        return self.weight * difference(output, target).abs().mean()


class L2(PixelLoss):
    """weight * mean (output - target)^2 (Pathak et al. 2016, arXiv:1604.07379, equation 1, without its mask)."""

    def __call__(self, output: Images, target: Images) -> Scalar:
        return self.weight * difference(output, target).square().mean()
