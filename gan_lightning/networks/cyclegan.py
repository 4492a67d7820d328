"""CycleGAN's generators: the paper's (Zhu et al. 2017, arXiv:1703.10593) and a tutorial's with strided convolutions."""

from functools import partial
from itertools import pairwise
from typing import Literal

from torch import nn

from gan_lightning.networks.initialisation import Init, dcgan as dcgan_init, torch_default
from gan_lightning.networks.normalisation import Maps, Norm, needs_bias, norm_layers
from gan_lightning.networks.sizes import LARGEST, wrong_size
from gan_lightning.types import Images, PositiveInt

Padding = Literal["reflect", "zeros"]
"""Padding modes of a convolution, as torch names them."""


def conv_norm_relu(convolution: nn.Module, channels: int, norm: Norm | None) -> list[nn.Module]:
    """Return a convolution to `channels` channels, its normalisation and a ReLU."""
    return [convolution, *norm_layers(norm, channels), nn.ReLU(inplace=True)]


class ResidualBlock(nn.Module):
    """Residual block from maps to maps of the same shape, by two 3x3 convolutions; no ReLU follows the sum.

    The layers are 3x3, norm, ReLU, 3x3, norm.

    Args:
        channels: channels of the feature maps.
        norm: normalisation after each convolution; None for no normalisation.
        padding: padding around the maps.
        bias: whether the convolutions have biases.
    """

    def __init__(self, channels: PositiveInt, norm: Norm | None, padding: Padding, bias: bool) -> None:
        super().__init__()
        first, second = (nn.Conv2d(channels, channels, 3, padding=1, padding_mode=padding, bias=bias) for _ in range(2))
        self.net = nn.Sequential(*conv_norm_relu(first, channels, norm), second, *norm_layers(norm, channels))

    def forward(self, maps: Maps) -> Maps:
        return maps + self.net(maps)


class CycleGANGenerator(nn.Module):
    """CycleGAN's generator: maps images [B, channels, H, W] to images of the same shape, both in [-1, 1].

    H and W are multiples of `multiple`. A convolution has a bias where the norm behind it adds no shift; the last one,
    to the image, always has one. Source: Zhu et al. 2017, arXiv:1703.10593, appendix 7.2.

    Examples:
        >>> import torch
        >>> CycleGANGenerator(channels=3, image_size=64, width=8)(torch.randn(1, 3, 64, 96)).shape
        torch.Size([1, 3, 64, 96])

    Args:
        channels: channels of the images.
        image_size: side of the images in training, in pixels: a multiple of 4, at least 8.
        width: channels of the first hidden map; the residual blocks have four times as many.
        blocks: number of residual blocks; None for the paper's 6 below 256 pixels and 9 at 256 and above.
        padding: padding of the 7x7 and the residual 3x3 convolutions. Reflection, the paper's, has no deterministic
            backward pass on CUDA.
        norm: normalisation after each hidden convolution; None for no normalisation.
        init: initialisation of each module.

    Raises:
        ValueError: if image_size is not a multiple of 4, or is less than 8.
    """

    inputs: tuple[str, ...] = ("images",)
    multiple = 4

    def __init__(
        self,
        channels: PositiveInt,
        image_size: PositiveInt,
        width: PositiveInt = 64,
        blocks: PositiveInt | None = None,
        padding: Padding = "reflect",
        norm: Norm | None = nn.InstanceNorm2d,
        init: Init = dcgan_init,
    ) -> None:
        super().__init__()
        # At 4 pixels the innermost map would be one pixel, which has no neighbour to reflect.
        if image_size % self.multiple or image_size < 8:
            must = "CycleGAN halves twice, so image_size must be a multiple of 4 of at least 8"
            raise wrong_size(must, image_size, range(8, LARGEST, 4))
        blocks = blocks or (6 if image_size < 256 else 9)
        bias = needs_bias(norm, width)
        widths = [width, 2 * width, 4 * width]
        end = partial(nn.Conv2d, kernel_size=7, padding=3, padding_mode=padding)
        layers = conv_norm_relu(end(channels, width, bias=bias), width, norm)
        for narrow, wide in pairwise(widths):
            layers += conv_norm_relu(nn.Conv2d(narrow, wide, 3, 2, 1, bias=bias), wide, norm)
        layers += [ResidualBlock(widths[-1], norm, padding, bias) for _ in range(blocks)]
        for wide, narrow in pairwise(reversed(widths)):
            up = nn.ConvTranspose2d(wide, narrow, 3, 2, 1, output_padding=1, bias=bias)
            layers += conv_norm_relu(up, narrow, norm)
        self.net = nn.Sequential(*layers, end(width, channels), nn.Tanh())
        self.apply(init)

    def forward(self, images: Images) -> Images:
        return self.net(images)


class StridedCycleGANGenerator(nn.Module):
    """A tutorial's CycleGAN generator: maps images [B, channels, H, W] to images of the same shape, both in [-1, 1].

    H and W are multiples of `multiple`. Unlike the paper's generator it halves three times, by 4x4 convolutions, and
    has batch norm, zero padding and no 7x7 convolution. No convolution has a bias.

    Examples:
        >>> import torch
        >>> StridedCycleGANGenerator(channels=3, image_size=128, width=8)(torch.randn(1, 3, 128, 128)).shape
        torch.Size([1, 3, 128, 128])

    Args:
        channels: channels of the images.
        image_size: side of the images in training, in pixels: a multiple of 8 of at least 16, 128 in the tutorial.
        width: channels of the first hidden map; the residual blocks have four times as many.
        blocks: number of residual blocks.
        norm: normalisation after each hidden convolution; None for no normalisation.
        init: initialisation of each module.

    Raises:
        ValueError: if image_size is not a multiple of 8, or is less than 16.
    """

    inputs: tuple[str, ...] = ("images",)
    multiple = 8

    def __init__(
        self,
        channels: PositiveInt,
        image_size: PositiveInt,
        width: PositiveInt = 64,
        blocks: PositiveInt = 6,
        norm: Norm | None = nn.BatchNorm2d,
        init: Init = torch_default,
    ) -> None:
        super().__init__()
        # At 8 pixels the innermost map would be one pixel, which cannot be normalised in a batch of one image.
        if image_size % self.multiple or image_size < 16:
            must = "the strided CycleGAN halves three times, so image_size must be a multiple of 8 of at least 16"
            raise wrong_size(must, image_size, range(16, LARGEST, 8))
        widths = [width, 2 * width, 4 * width]
        layers: list[nn.Module] = []
        for before, after in pairwise([channels, *widths]):
            layers += conv_norm_relu(nn.Conv2d(before, after, 4, 2, 1, bias=False), after, norm)
        layers += [ResidualBlock(widths[-1], norm, "zeros", bias=False) for _ in range(blocks)]
        for wide, narrow in pairwise(reversed(widths)):
            layers += conv_norm_relu(nn.ConvTranspose2d(wide, narrow, 4, 2, 1, bias=False), narrow, norm)
        self.net = nn.Sequential(*layers, nn.ConvTranspose2d(width, channels, 4, 2, 1, bias=False), nn.Tanh())
        self.apply(init)

    def forward(self, images: Images) -> Images:
        return self.net(images)
