"""CycleGAN's generators: the paper's, and a tutorial's with strided convolutions."""

from functools import partial
from itertools import pairwise
from typing import Literal

from torch import nn

from gan_lightning.networks.initialisation import Init, torch_default
from gan_lightning.networks.initialisation import dcgan as dcgan_init
from gan_lightning.networks.normalisation import Maps, Norm, needs_bias
from gan_lightning.types import Images, PositiveInt

Padding = Literal["reflect", "zeros"]
"""What stands around a map, in torch's words."""


def layer(convolution: nn.Module, channels: int, norm: Norm | None) -> list[nn.Module]:
    """A convolution to `channels`, its norm, ReLU."""
    return [convolution, *([norm(channels)] if norm else []), nn.ReLU(inplace=True)]


class ResidualBlock(nn.Module):
    """3x3, norm, ReLU, 3x3, norm; what came in is added, and no ReLU follows.

    Args:
        channels: of the feature maps.
        norm: makes a layer after each convolution; None for none.
        padding: around the maps.
        bias: of the convolutions.
    """

    def __init__(self, channels: PositiveInt, norm: Norm | None, padding: Padding, bias: bool) -> None:
        super().__init__()
        first, second = (nn.Conv2d(channels, channels, 3, padding=1, padding_mode=padding, bias=bias) for _ in range(2))
        self.net = nn.Sequential(*layer(first, channels, norm), second, *([norm(channels)] if norm else []))

    def forward(self, maps: Maps) -> Maps:
        return maps + self.net(maps)


class CycleGANGenerator(nn.Module):
    """Images [B, channels, H, W] to images of the same shape, both in [-1, 1]; H and W are multiples of `multiple`.

    A convolution has a bias where the norm behind it has no shift of its own; the last one, to the image, always does.

    Args:
        channels: of the images.
        image_size: in training; a multiple of 4, at least 8.
        width: channels of the first hidden map; the residual blocks have four times as many.
        blocks: how many residual blocks; None for the paper's 6 below 256 pixels and 9 from there on.
        padding: of the 7x7 and the residual 3x3. Reflection, the paper's, has no deterministic backward pass on CUDA.
        norm: normalisation after each hidden convolution; None for none.
        init: applied to each module.

    Raises:
        ValueError: for another size.
    """

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
        if image_size % self.multiple or image_size < 8:  # 4 pixels become one, which has nothing to be mirrored
            raise ValueError(
                f"CycleGAN halves twice, so image_size must be a multiple of 4 of at least 8; got {image_size}"
            )
        blocks = blocks or (6 if image_size < 256 else 9)
        bias = needs_bias(norm, width)
        widths = [width, 2 * width, 4 * width]
        end = partial(nn.Conv2d, kernel_size=7, padding=3, padding_mode=padding)
        net = layer(end(channels, width, bias=bias), width, norm)
        for narrow, wide in pairwise(widths):
            net += layer(nn.Conv2d(narrow, wide, 3, 2, 1, bias=bias), wide, norm)
        net += [ResidualBlock(widths[-1], norm, padding, bias) for _ in range(blocks)]
        for wide, narrow in pairwise(reversed(widths)):
            net += layer(nn.ConvTranspose2d(wide, narrow, 3, 2, 1, output_padding=1, bias=bias), narrow, norm)
        self.net = nn.Sequential(*net, end(width, channels), nn.Tanh())
        self.apply(init)

    def forward(self, images: Images) -> Images:
        return self.net(images)


class StridedCycleGANGenerator(nn.Module):
    """Images [B, channels, H, W] to images of the same shape, both in [-1, 1]; H and W are multiples of `multiple`.

    Unlike the paper's generator (Zhu et al. 2017, arXiv:1703.10593, appendix 7.2) it halves three times, by 4x4
    convolutions, has batch norm and zero padding, and no 7x7. No convolution has a bias.

    Args:
        channels: of the images.
        image_size: in training; a multiple of 8 of at least 16, 128 in the tutorial.
        width: channels of the first hidden map; the residual blocks have four times as many.
        blocks: how many residual blocks.
        norm: normalisation after each hidden convolution; None for none.
        init: applied to each module.

    Raises:
        ValueError: for another size.
    """

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
        if (
            image_size % self.multiple or image_size < 16
        ):  # a map of one pixel has nothing to normalise in a batch of one
            raise ValueError(
                "the strided CycleGAN halves three times, so image_size must be a multiple of 8 of at least 16; got "
                f"{image_size}"
            )
        widths = [width, 2 * width, 4 * width]
        net: list[nn.Module] = []
        for before, after in pairwise([channels, *widths]):
            net += layer(nn.Conv2d(before, after, 4, 2, 1, bias=False), after, norm)
        net += [ResidualBlock(widths[-1], norm, "zeros", bias=False) for _ in range(blocks)]
        for wide, narrow in pairwise(reversed(widths)):
            net += layer(nn.ConvTranspose2d(wide, narrow, 4, 2, 1, bias=False), narrow, norm)
        self.net = nn.Sequential(*net, nn.ConvTranspose2d(width, channels, 4, 2, 1, bias=False), nn.Tanh())
        self.apply(init)

    def forward(self, images: Images) -> Images:
        return self.net(images)
