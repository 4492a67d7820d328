"""pix2pix's U-Net (Isola et al. 2017, arXiv:1611.07004, appendix 6.1; Ronneberger et al. 2015, arXiv:1505.04597)."""

from itertools import pairwise

import torch
from torch import nn

from gan_lightning.networks.initialisation import Init
from gan_lightning.networks.initialisation import dcgan as dcgan_init
from gan_lightning.networks.normalisation import Norm, needs_bias
from gan_lightning.networks.sampling import ImageBatchNorm, SamplingDropout
from gan_lightning.types import Images, NonNegativeFloat, PositiveInt


def depth(image_size: int, halvings: int | None) -> int:
    """How often the U-Net halves: as given, or as often as the size allows, 8 times at most.

    Raises:
        ValueError: where the size cannot be halved so often, or not once.
    """
    times = halvings or max((n for n in range(1, 9) if image_size % 2**n == 0), default=1)
    if halvings is None and image_size % 2:
        raise ValueError(f"a U-Net needs an even image_size; got {image_size}")
    if image_size % 2**times:
        raise ValueError(
            f"a U-Net of halvings={times} needs an image_size that is a multiple of {2**times}; got {image_size}"
        )
    return times


class UNetGenerator(nn.Module):
    """Images [B, channels, H, W] to images of the same shape, both in [-1, 1]; H and W are multiples of `multiple`.

    Each map of the encoder stands, as its norm left it, beside the decoder's of the same size. All noise is dropout,
    in eval mode too: see `SamplingDropout` and `seeded`. All convolutions but the last have a bias only where the
    norm has no shift of its own.

    Args:
        channels: of the images.
        image_size: in training; 256 in the paper.
        width: channels of the first hidden map; they double up to eight times as many.
        halvings: on the way to the innermost map; None for as many as the size allows, 8 at most, so that a power of
            two comes down to 1x1.
        dropout: the probability in the three innermost blocks of the decoder, never in the last two.
        norm: normalisation after each hidden convolution but the first and the innermost; None for none.
        init: applied to each module.

    Raises:
        ValueError: where 2**halvings does not divide image_size, and where there is dropout, outside of [0, 1).
    """

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
        times = depth(image_size, halvings)
        self.multiple = 2**times
        widths = [width * min(2**n, 8) for n in range(times)]
        bias = needs_bias(norm, width)
        # No activation of the encoder works in place: the decoder is given the same map.
        self.down = nn.ModuleList()
        for n, (before, after) in enumerate(pairwise([channels, *widths])):
            activation = [nn.LeakyReLU(0.2)] if n else []
            normed = [norm(after)] if norm and 0 < n < times - 1 else []
            self.down.append(nn.Sequential(*activation, nn.Conv2d(before, after, 4, 2, 1, bias=bias), *normed))
        self.up = nn.ModuleList()
        for n, (wide, narrow) in enumerate(pairwise(reversed(widths))):
            before = 2 * wide if n else wide
            noise = [SamplingDropout(dropout)] if n < min(3, times - 2) else []
            convolution = nn.ConvTranspose2d(before, narrow, 4, 2, 1, bias=bias)
            self.up.append(nn.Sequential(nn.ReLU(), convolution, *([norm(narrow)] if norm else []), *noise))
        before = 2 * width if times > 1 else width
        self.image = nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(before, channels, 4, 2, 1), nn.Tanh())
        self.apply(init)

    def forward(self, images: Images) -> Images:
        maps, skips = images, []
        for block in self.down:
            skips.append(maps := block(maps))
        skips.pop()
        for block in self.up:
            maps = torch.cat([block(maps), skips.pop()], 1)
        return self.image(maps)
