"""The discriminator of patches (Isola et al. 2017, arXiv:1611.07004, appendix 6.1.2), with a source or without."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gan_lightning.networks.initialisation import Init
from gan_lightning.networks.initialisation import dcgan as dcgan_init
from gan_lightning.networks.normalisation import Norm, needs_bias, spectral
from gan_lightning.types import Images, Logits, NonNegativeFloat, NonNegativeInt, PositiveInt

Sources = Float[Tensor, "B _ H W"]
"""Images to go with others of the same size, with channels of their own."""


def least(strides: Sequence[int]) -> int:
    """The smallest side of an image of which 4x4 convolutions with a padding of 1, the last of stride 1, leave one."""
    side = 1
    for stride in (1, *reversed(strides)):
        side = (side - 1) * stride + 2
    return side


class PatchGANDiscriminator(nn.Module):
    """Images [B, channels, H, W] to logits [B, 1, h, w], one for each patch; any H and W from the least one on.

    With the strides 2, 2, 2, 1 a patch has 70x70 pixels.

    Args:
        channels: of the images.
        image_size: in training; see `least`.
        width: channels of the first hidden map; they double up to eight times as many.
        strides: of the hidden 4x4 convolutions; a last one, of stride 1, makes the logits.
        source_channels: of the source image, which is then judged together with the image; 0 for no source.
        norm: normalisation after each hidden convolution but the first; None for none.
        init: applied to each module.
        bias: of all convolutions; None for a bias wherever no norm with a shift of its own follows.
        slope: of the leaky ReLUs; 0 for plain ones.
        spectral_norm: of every weight matrix.

    Raises:
        ValueError: for impossible strides, a smaller image_size, and a source that is missing or not expected.
    """

    def __init__(
        self,
        channels: PositiveInt,
        image_size: PositiveInt,
        width: PositiveInt = 64,
        strides: Sequence[int] = (2, 2, 2, 1),
        source_channels: NonNegativeInt = 0,
        norm: Norm | None = nn.InstanceNorm2d,
        init: Init = dcgan_init,
        bias: bool | None = None,
        slope: NonNegativeFloat = 0.2,
        spectral_norm: bool = False,
    ) -> None:
        super().__init__()
        if not strides or any(not isinstance(stride, int) or stride < 1 for stride in strides):
            raise ValueError(f"strides must be one or more whole numbers of at least 1; got {list(strides)}")
        if image_size < least(strides):
            raise ValueError(
                f"PatchGAN with strides {list(strides)} needs an image_size of at least {least(strides)}; "
                f"got {image_size}"
            )
        self.source_channels = source_channels
        widths = [channels + source_channels, *(width * min(2**n, 8) for n in range(len(strides)))]
        net: list[nn.Module] = []
        for n, ((before, after), stride) in enumerate(zip(pairwise(widths), strides, strict=True)):
            follows = norm if n else None
            biased = needs_bias(follows, after) if bias is None else bias
            net += [nn.Conv2d(before, after, 4, stride, 1, bias=biased), *([follows(after)] if follows else [])]
            net += [nn.LeakyReLU(slope, inplace=True)]
        self.net = nn.Sequential(*net, nn.Conv2d(widths[-1], 1, 4, 1, 1, bias=bias is not False))
        self.apply(init)
        if spectral_norm:
            spectral(self)

    def forward(self, images: Images, source: Sources | None = None) -> Logits:
        if source is None:
            if self.source_channels:
                raise ValueError(f"source must be given where source_channels is {self.source_channels}; got none")
            return self.net(images)
        if source.shape[1] != self.source_channels:
            raise ValueError(f"source must have source_channels={self.source_channels}; got {source.shape[1]} channels")
        return self.net(torch.cat([source, images], 1))
