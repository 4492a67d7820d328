"""A generator for CycleGAN as a tutorial builds it: DCGAN's layers around residual blocks."""

from itertools import pairwise

from torch import nn

from gan_lightning.networks.cyclegan import ResidualBlock, layer
from gan_lightning.networks.initialisation import Init, torch_default
from gan_lightning.networks.normalisation import Norm
from gan_lightning.types import Count, Images


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
        channels: Count,
        image_size: Count,
        width: Count = 64,
        blocks: Count = 6,
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
