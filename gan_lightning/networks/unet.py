"""pix2pix's U-Net (Isola et al. 2017, arXiv:1611.07004, appendix 6.1; Ronneberger et al. 2015, arXiv:1505.04597)."""

from itertools import pairwise

import torch
from torch import nn

from gan_lightning.networks.initialisation import Init, dcgan as dcgan_init
from gan_lightning.networks.normalisation import Norm, needs_bias, norm_layers
from gan_lightning.networks.sampling import ImageBatchNorm, SamplingDropout
from gan_lightning.networks.sizes import LARGEST, wrong_size
from gan_lightning.types import Images, NonNegativeFloat, PositiveInt


def number_of_halvings(image_size: int, halvings: int | None) -> int:
    """Return how often the U-Net halves: as given, or as often as the size allows, 8 times at most.

    Raises:
        ValueError: if the size cannot be halved so often, or cannot be halved at all.
    """
    times = halvings or max((n for n in range(1, 9) if image_size % 2**n == 0), default=1)
    if halvings is None and image_size % 2:
        raise wrong_size("a U-Net needs image_size to be even", image_size, range(2, LARGEST, 2))
    if image_size % 2**times:
        must = f"a U-Net of halvings={times} needs image_size to be a multiple of {2**times}"
        raise wrong_size(must, image_size, range(2**times, LARGEST, 2**times))
    return times


class UNetGenerator(nn.Module):
    """pix2pix's U-Net: maps images [B, channels, H, W] to images of the same shape, both in [-1, 1].

    H and W are multiples of `multiple`. Each map of the encoder is joined, before its activation, to the decoder's map
    of the same size. All noise is dropout, in eval mode too; see `SamplingDropout` and `seeded`. All convolutions but
    the last have a bias only where the norm adds no shift.

    Examples:
        >>> generator = UNetGenerator(channels=3, image_size=64, width=8)
        >>> generator(torch.randn(1, 3, 64, 128)).shape, generator.multiple
        (torch.Size([1, 3, 64, 128]), 64)

    Args:
        channels: channels of the images.
        image_size: side of the images in training, in pixels; 256 in the paper.
        width: channels of the first hidden map; they double up to eight times as many.
        halvings: how often the side is halved on the way to the innermost map; None for as often as the size allows, 8
            times at most, so that a power of two comes down to 1x1.
        dropout: probability in [0, 1) of a zero in the three innermost blocks of the decoder; the last two have none.
        norm: normalisation after each hidden convolution but the first and the innermost; None for no normalisation.
        init: initialisation of each module.

    Raises:
        ValueError: if 2**halvings does not divide image_size, or dropout is outside of [0, 1).
    """

    inputs: tuple[str, ...] = ("images",)

    def __init__(
        self,
        channels: PositiveInt,
        image_size: PositiveInt,
        width: PositiveInt = 64,
        halvings: PositiveInt | None = None,
        dropout: NonNegativeFloat = 0.5,
        norm: Norm | None = ImageBatchNorm,
        init: Init = dcgan_init,
    ) -> None:
        super().__init__()
        times = number_of_halvings(image_size, halvings)
        self.multiple = 2**times
        widths = [width * min(2**n, 8) for n in range(times)]
        bias = needs_bias(norm, width)
        # No activation of the encoder works in place, because the decoder is given the same map.
        self.down = nn.ModuleList()
        for n, (before, after) in enumerate(pairwise([channels, *widths])):
            activation = [nn.LeakyReLU(0.2)] if n else []
            normed = norm_layers(norm, after) if 0 < n < times - 1 else []
            self.down.append(nn.Sequential(*activation, nn.Conv2d(before, after, 4, 2, 1, bias=bias), *normed))
        self.up = nn.ModuleList()
        for n, (wide, narrow) in enumerate(pairwise(reversed(widths))):
            before = 2 * wide if n else wide
            noise = [SamplingDropout(dropout)] if n < min(3, times - 2) else []
            convolution = nn.ConvTranspose2d(before, narrow, 4, 2, 1, bias=bias)
            self.up.append(nn.Sequential(nn.ReLU(), convolution, *norm_layers(norm, narrow), *noise))
        before = 2 * width if times > 1 else width
        self.image = nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(before, channels, 4, 2, 1), nn.Tanh())
        self.apply(init)

    def forward(self, images: Images) -> Images:
        maps, skips = images, []
        for block in self.down:
            maps = block(maps)
            skips.append(maps)
        skips.pop()
        for block in self.up:
            maps = torch.cat([block(maps), skips.pop()], 1)
        return self.image(maps)
