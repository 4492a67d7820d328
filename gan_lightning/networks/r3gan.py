"""A small R3GAN (Huang et al. 2024, arXiv:2501.05441): residual blocks of grouped convolutions, no normalisation."""

from itertools import pairwise
from math import gcd

import torch
from torch import nn

from gan_lightning.networks.normalisation import Maps, add_spectral_norm
from gan_lightning.networks.sizes import wrong_size
from gan_lightning.types import Images, Latents, Logits, PositiveInt

SLOPE = 0.2
"""Negative slope of every LeakyReLU."""
EXPANSION = 2
"""Ratio of the channels inside a block to the channels outside."""
GROUP = 16
"""Channels in each group of a grouped convolution."""
BLOCKS = 2
"""Number of residual blocks at each size."""


def channels_at_each_size(image_size: int, width: int) -> list[int]:
    """Return the channels of the maps at each size, from 4x4 to the image's.

    There are `width` channels at the image's size; each halving of the side doubles them, up to eight times as many.

    Raises:
        ValueError: if the size is not 4 * 2**n.
    """
    doublings = max(image_size // 4, 1).bit_length() - 1
    if image_size != 4 * 2**doublings:
        must = "R3GAN doubles from 4x4, so image_size must be 4 * 2**n (4, 8, 16, 32 ...)"
        raise wrong_size(must, image_size, [4 * 2**n for n in range(10)])
    return [width * 2 ** min(n, 3) for n in reversed(range(doublings + 1))]


class ResidualBlock(nn.Module):
    """Residual block from maps to maps of the same shape, by 1x1, grouped 3x3 and 1x1 convolutions.

    There are twice as many channels inside, and a LeakyReLU between any two convolutions. The block starts as the
    identity: the last convolution is 0 and the others are scaled by depth ** -1/4, the part of Fixup (Zhang et al.
    2019, arXiv:1901.09321) that R3GAN keeps.

    Args:
        channels: channels of the maps that come in and go out.
        depth: number of residual blocks in the whole network.
        zero: whether the last convolution starts at 0, which cannot be combined with spectral normalisation.
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


def variance_preserving(layer: nn.Conv2d | nn.Linear) -> nn.Module:
    """Initialise a layer so that its output has the variance of its input, and return it."""
    nn.init.kaiming_normal_(layer.weight, nonlinearity="linear")
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def change_channels(before: int, after: int) -> nn.Module:
    """Return a 1x1 convolution where the number of channels changes, else the identity."""
    return nn.Identity() if before == after else variance_preserving(nn.Conv2d(before, after, 1, bias=False))


class Basis(nn.Module):
    """Layer from latents [B, latent_dim] to maps [B, channels, 4, 4]: a learned map, scaled channel by channel.

    Args:
        latent_dim: length of a latent vector, of which each channel's scale is a linear function.
        channels: channels of the map.
    """

    def __init__(self, latent_dim: PositiveInt, channels: PositiveInt) -> None:
        super().__init__()
        self.basis = nn.Parameter(torch.randn(channels, 4, 4))
        self.scale = variance_preserving(nn.Linear(latent_dim, channels, bias=False))

    def forward(self, latents: Latents) -> Maps:
        return self.basis * self.scale(latents)[..., None, None]


class R3GANGenerator(nn.Module):
    """R3GAN's generator: maps latents [B, latent_dim] to images [B, channels, image_size, image_size].

    Its last layer is a plain 1x1 convolution, as in the paper, so in train mode nothing keeps the images in [-1, 1]. In
    eval mode, in which images are drawn and scored, values outside are cut off.

    Examples:
        >>> R3GANGenerator(latent_dim=64, channels=3, image_size=32, width=16)(torch.randn(2, 64)).shape
        torch.Size([2, 3, 32, 32])

    Args:
        latent_dim: length of a latent vector; 64 in the paper.
        channels: channels of the images.
        image_size: side of the images in pixels: 4 * 2**n.
        width: channels at the image's size; they double towards 4x4, up to eight times as many.

    Raises:
        ValueError: if image_size is not 4 * 2**n.
    """

    inputs: tuple[str, ...] = ("latents",)
    memory_format = torch.channels_last

    def __init__(
        self, latent_dim: PositiveInt, channels: PositiveInt, image_size: PositiveInt, width: PositiveInt = 64
    ) -> None:
        super().__init__()
        widths = channels_at_each_size(image_size, width)

        def blocks(channels: int) -> list[nn.Module]:
            return [ResidualBlock(channels, BLOCKS * len(widths)) for _ in range(BLOCKS)]

        layers: list[nn.Module] = [Basis(latent_dim, widths[0]), *blocks(widths[0])]
        for wide, narrow in pairwise(widths):
            layers += [change_channels(wide, narrow), nn.Upsample(scale_factor=2, mode="bilinear"), *blocks(narrow)]
        self.net = nn.Sequential(*layers, variance_preserving(nn.Conv2d(width, channels, 1)))

    def forward(self, latents: Latents) -> Images:
        images = self.net(latents)
        return images if self.training else images.clamp(-1, 1)


class R3GANDiscriminator(nn.Module):
    """R3GAN's discriminator: maps images [B, channels, image_size, image_size] to logits [B, 1].

    Examples:
        >>> R3GANDiscriminator(channels=3, image_size=32, width=16)(torch.randn(2, 3, 32, 32)).shape
        torch.Size([2, 1])

    Args:
        channels: channels of the images.
        image_size: side of the images in pixels: 4 * 2**n.
        width: channels at the image's size; they double towards 4x4, up to eight times as many.
        spectral_norm: whether every weight matrix is divided by its largest singular value; not so in the paper.

    Raises:
        ValueError: if image_size is not 4 * 2**n.
    """

    inputs: tuple[str, ...] = ("images",)
    memory_format = torch.channels_last
    judges_each_image_alone = True

    def __init__(
        self, channels: PositiveInt, image_size: PositiveInt, width: PositiveInt = 64, spectral_norm: bool = False
    ) -> None:
        super().__init__()
        widths = channels_at_each_size(image_size, width)[::-1]

        def blocks(channels: int) -> list[nn.Module]:
            return [ResidualBlock(channels, BLOCKS * len(widths), not spectral_norm) for _ in range(BLOCKS)]

        layers: list[nn.Module] = [variance_preserving(nn.Conv2d(channels, width, 1)), *blocks(width)]
        for narrow, wide in pairwise(widths):
            layers += [nn.AvgPool2d(2), change_channels(narrow, wide), *blocks(wide)]
        last = widths[-1]
        basis = variance_preserving(nn.Conv2d(last, last, 4, groups=last, bias=False))
        self.net = nn.Sequential(*layers, basis, nn.Flatten(), variance_preserving(nn.Linear(last, 1)))
        if spectral_norm:
            add_spectral_norm(self)

    def forward(self, images: Images) -> Logits:
        return self.net(images)
