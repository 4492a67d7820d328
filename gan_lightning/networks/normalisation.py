"""Normalisation of feature maps and of weights."""

from collections.abc import Callable
from math import gcd

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations

from gan_lightning.networks.initialisation import MATRICES
from gan_lightning.types import Labels, PositiveInt

Maps = Float[Tensor, "B _ _ _"]
"""Feature maps, of any number of channels and any size."""
Norm = Callable[[int], nn.Module]
"""Makes a normalisation layer for a number of channels."""


def needs_bias(norm: Norm | None, channels: PositiveInt) -> bool:
    """Whether a convolution in front of such a norm has use for a bias: where the norm brings no shift of its own."""
    return norm is None or getattr(norm(channels), "bias", None) is None


def spectral(network: nn.Module) -> None:
    """Divide every weight matrix of a network by its largest singular value (Miyato et al. 2018, arXiv:1802.05957).

    Call it after initialisation. The value comes from one power iteration at each forward pass in train mode. No
    matrix may be all zeros, for that has no direction to iterate along.
    """
    for module in list(network.modules()):
        if isinstance(module, MATRICES):
            parametrizations.spectral_norm(module)


def group_norm(channels: PositiveInt, groups: PositiveInt = 32) -> nn.GroupNorm:
    """Group normalisation (Wu and He 2018, arXiv:1803.08494) with `groups` groups.

    Where that does not divide the channels, with the most that divide both.
    """
    return nn.GroupNorm(gcd(channels, groups), channels)


class ClassBatchNorm(nn.Module):
    """Batch normalisation with a scale and a shift for each class (Dumoulin et al. 2017, arXiv:1610.07629).

    Args:
        channels: of the feature maps.
        num_classes: how many classes there are.
    """

    def __init__(self, channels: PositiveInt, num_classes: PositiveInt) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.scale = nn.Parameter(torch.ones(num_classes, channels))
        self.shift = nn.Parameter(torch.zeros(num_classes, channels))

    def forward(self, maps: Maps, labels: Labels) -> Maps:
        scale, shift = F.embedding(labels, self.scale), F.embedding(labels, self.shift)
        return scale[..., None, None] * self.norm(maps) + shift[..., None, None]
