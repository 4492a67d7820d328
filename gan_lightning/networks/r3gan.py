"""A small R3GAN (Huang et al. 2024, arXiv:2501.05441): residual blocks of grouped convolutions, no normalisation."""

from itertools import pairwise
from math import gcd

import torch
from torch import nn

from gan_lightning.networks.normalisation import Maps, spectral
from gan_lightning.types import Images, Latents, Logits, PositiveInt

SLOPE = 0.2
"""Of LeakyReLU."""
EXPANSION = 2
"""Channels inside of a block for each outside."""
GROUP = 16
"""Channels in a group of a grouped convolution."""
BLOCKS = 2
"""Residual blocks at each size."""


def stages(image_size: int, width: int) -> list[int]:
    """Channels at each size from 4x4 to the image's, where there are `width`; they double up to eight times that.

    Raises:
        ValueError: where the size is not 4 * 2**n.
    """
    doublings = max(image_size // 4, 1).bit_length() - 1
    if image_size != 4 * 2**doublings:
        raise ValueError(f"R3GAN doubles from 4x4, so image_size must be 4 * 2**n (4, 8, 16, 32 ...); got {image_size}")
    return [width * 2 ** min(n, 3) for n in reversed(range(doublings + 1))]


class Residual(nn.Module):
    """1x1 to twice the channels, 3x3 in groups, 1x1 back, with LeakyReLU between; added to what comes in.

    Starts as the identity: the last convolution is 0, the others are scaled by depth ** -1/4, the part of Fixup
    (Zhang et al. 2019, arXiv:1901.09321) that R3GAN keeps.

    Args:
        channels: in and out.
        depth: residual blocks in the whole network.
        zero: whether the last convolution starts at 0, which spectral normalisation cannot divide.
    """

    def __init__(self, channels: PositiveInt, depth: PositiveInt, zero: bool = True) -> None:
        super().__init__()
        inside = EXPANSION * channels
        widen = nn.Conv2d(channels, inside, 1)
        mix = nn.Conv2d(inside, inside, 3, padding=1, groups=inside // gcd(inside, GROUP))
        narrow = nn.Conv2d(inside, channels, 1, bias=False)
        for conv in (widen, mix):
            nn.init.kaiming_normal_(conv.weight, SLOPE)
            with torch.no_grad():
                conv.weight.mul_(depth**-0.25)
            nn.init.zeros_(conv.get_parameter("bias"))
        if zero:
            nn.init.zeros_(narrow.weight)
        self.net = nn.Sequential(
            widen, nn.LeakyReLU(SLOPE, inplace=True), mix, nn.LeakyReLU(SLOPE, inplace=True), narrow
        )

    def forward(self, maps: Maps) -> Maps:
        return maps + self.net(maps)


def _even(layer: nn.Conv2d | nn.Linear) -> nn.Module:
    """The layer, initialised so that what goes out has the variance of what comes in."""
    nn.init.kaiming_normal_(layer.weight, nonlinearity="linear")
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def _widths(before: int, after: int) -> nn.Module:
    """A 1x1 convolution where the number of channels changes."""
    return nn.Identity() if before == after else _even(nn.Conv2d(before, after, 1, bias=False))


class Basis(nn.Module):
    """A learned 4x4 map, each of whose channels is scaled by a linear function of the latents."""

    def __init__(self, latent_dim: PositiveInt, channels: PositiveInt) -> None:
        super().__init__()
        self.basis = nn.Parameter(torch.randn(channels, 4, 4))
        self.scale = _even(nn.Linear(latent_dim, channels, bias=False))

    def forward(self, latents: Latents) -> Maps:
        return self.basis * self.scale(latents)[..., None, None]


class R3GANGenerator(nn.Module):
    """Latents [B, latent_dim] to images [B, channels, image_size, image_size] in [-1, 1].

    Args:
        latent_dim: Z; 64 in the paper.
        channels: of the image.
        image_size: 4 * 2**n.
        width: channels at the image's size; they double towards 4x4, up to eight times as many.

    Raises:
        ValueError: for another size.
    """

    def __init__(
        self, latent_dim: PositiveInt, channels: PositiveInt, image_size: PositiveInt, width: PositiveInt = 64
    ) -> None:
        super().__init__()
        widths = stages(image_size, width)

        def blocks(channels: int) -> list[nn.Module]:
            return [Residual(channels, BLOCKS * len(widths)) for _ in range(BLOCKS)]

        layers: list[nn.Module] = [Basis(latent_dim, widths[0]), *blocks(widths[0])]
        for wide, narrow in pairwise(widths):
            layers += [_widths(wide, narrow), nn.Upsample(scale_factor=2, mode="bilinear"), *blocks(narrow)]
        self.net = nn.Sequential(*layers, _even(nn.Conv2d(width, channels, 1)), nn.Tanh())

    def forward(self, latents: Latents) -> Images:
        return self.net(latents)


class R3GANDiscriminator(nn.Module):
    """Images [B, channels, image_size, image_size] to logits [B, 1]; the generator's mirror.

    Args:
        channels: of the image.
        image_size: 4 * 2**n.
        width: channels at the image's size; they double towards 4x4, up to eight times as many.
        spectral_norm: of every weight matrix; the paper has none.

    Raises:
        ValueError: for another size.
    """

    def __init__(
        self, channels: PositiveInt, image_size: PositiveInt, width: PositiveInt = 64, spectral_norm: bool = False
    ) -> None:
        super().__init__()
        widths = stages(image_size, width)[::-1]

        def blocks(channels: int) -> list[nn.Module]:
            return [Residual(channels, BLOCKS * len(widths), not spectral_norm) for _ in range(BLOCKS)]

        layers: list[nn.Module] = [_even(nn.Conv2d(channels, width, 1)), *blocks(width)]
        for narrow, wide in pairwise(widths):
            layers += [nn.AvgPool2d(2), _widths(narrow, wide), *blocks(wide)]
        last = widths[-1]
        basis = _even(nn.Conv2d(last, last, 4, groups=last, bias=False))
        self.net = nn.Sequential(*layers, basis, nn.Flatten(), _even(nn.Linear(last, 1)))
        if spectral_norm:
            spectral(self)

    def forward(self, images: Images) -> Logits:
        return self.net(images)
