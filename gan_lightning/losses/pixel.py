"""Comparisons of pixels."""

from gan_lightning.losses.comparison import Comparison, difference
from gan_lightning.types import Images, Rate, Scalar


class PixelComparison(Comparison):
    """A mean over all pixels and channels of a batch.

    Args:
        weight: what the mean is multiplied by.
    """

    def __init__(self, weight: Rate = 100.0) -> None:
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
