"""Normalisation of feature maps and of weights."""

from collections.abc import Callable
from math import gcd

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from gan_lightning.networks.class_embedding import embed
from gan_lightning.networks.initialisation import MATRICES, Init
from gan_lightning.types import Classes, PositiveInt

Maps = Float[Tensor, "B _ _ _"]
"""Feature maps, with any number of channels and of any size."""
Norm = Callable[[int], nn.Module]
"""A function that makes a normalisation layer for a number of channels, such as `nn.BatchNorm2d`."""


def norm_layers(norm: Norm | None, channels: PositiveInt) -> list[nn.Module]:
    """Return a list with the normalisation layer for the channels; an empty list where there is no norm."""
    return [norm(channels)] if norm else []


def needs_bias(norm: Norm | None, channels: PositiveInt) -> bool:
    """Return whether a convolution before this norm needs a bias, which it does unless the norm adds a shift itself."""
    return norm is None or getattr(norm(channels), "bias", None) is None


def add_spectral_norm(network: nn.Module) -> None:
    """Divide every weight matrix of a network by its largest singular value (Miyato et al. 2018, arXiv:1802.05957).

    Call it after initialisation. The value is estimated by one power iteration in each forward pass in train mode.
    No matrix may be all zeros, because a power iteration finds no direction in such a matrix.
    """
    for module in list(network.modules()):
        if isinstance(module, MATRICES):
            parametrizations.spectral_norm(module)


def initialise(network: nn.Module, init: Init, spectral_norm: bool) -> None:
    """Initialise each module of a network, then add spectral normalisation, if it is wanted."""
    network.apply(init)
    if spectral_norm:
        add_spectral_norm(network)


def group_norm(channels: PositiveInt, groups: PositiveInt = 32) -> nn.GroupNorm:
    """Return group normalisation (Wu and He 2018, arXiv:1803.08494) with at most `groups` groups.

    Where `groups` does not divide the channels, their greatest common divisor is the number of groups.

    Examples:
        >>> group_norm(24).num_groups
        8
    """
    return nn.GroupNorm(gcd(channels, groups), channels)


class ClassBatchNorm(nn.Module):
    """Batch normalisation with a scale and a shift for each class (Dumoulin et al. 2017, arXiv:1610.07629).

    It takes maps [B, channels, H, W] and labels [B] and returns maps of the same shape. Weights [B, num_classes]
    instead of labels mix the scales and the shifts.

    Args:
        channels: channels of the feature maps.
        num_classes: number of classes.
    """

    def __init__(self, channels: PositiveInt, num_classes: PositiveInt) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.scale = nn.Parameter(torch.ones(num_classes, channels))
        self.shift = nn.Parameter(torch.zeros(num_classes, channels))

    def forward(self, maps: Maps, labels: Classes) -> Maps:
        scale, shift = embed(labels, self.scale), embed(labels, self.shift)
        return scale[..., None, None] * self.norm(maps) + shift[..., None, None]
