"""Discriminators of image patches: PatchGAN, and several of them at several scales; with a source image or without."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from gan_lightning.networks.initialisation import Init, dcgan as dcgan_init
from gan_lightning.networks.normalisation import Norm, initialise, needs_bias, norm_layers
from gan_lightning.networks.sizes import wrong_size
from gan_lightning.types import DiscriminatorOutput, Images, Logits, NonNegativeFloat, NonNegativeInt, PositiveInt

Sources = Float[Tensor, "B _ H W"]
"""Images of the same size as others that they belong to, with a number of channels of their own."""


def smallest_image_size(strides: Sequence[int], num_scales: int = 1) -> int:
    """Return the smallest side in pixels of an image for which the coarsest scale still has one logit.

    Args:
        strides: strides of the hidden 4x4 convolutions, whose padding is 1; another one of stride 1 makes the logits.
        num_scales: number of scales, each of which has half the side, rounded up, of the one before.

    Raises:
        ValueError: if the strides are not one or more whole numbers of at least 1.
    """
    if not strides or any(not isinstance(stride, int) or stride < 1 for stride in strides):
        raise ValueError(f"strides must be one or more whole numbers of at least 1; got {list(strides)}")
    side = 1
    for stride in (1, *reversed(strides)):
        side = (side - 1) * stride + 2
    return (side - 1) * 2 ** (num_scales - 1) + 1


def patch_layers(
    channels: int, width: int, strides: Sequence[int], norm: Norm | None, bias: bool | None, slope: NonNegativeFloat
) -> nn.Sequential:
    """Return a PatchGAN's layers from maps of `channels` channels to logits; see the discriminator for arguments."""
    widths = [channels, *(width * min(2**n, 8) for n in range(len(strides)))]
    layers: list[nn.Module] = []
    for n, ((before, after), stride) in enumerate(zip(pairwise(widths), strides, strict=True)):
        next_norm = norm if n else None
        biased = needs_bias(next_norm, after) if bias is None else bias
        layers += [nn.Conv2d(before, after, 4, stride, 1, bias=biased), *norm_layers(next_norm, after)]
        layers += [nn.LeakyReLU(slope, inplace=True)]
    return nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 4, 1, 1, bias=bias is not False))


def join_source(images: Images, source: Sources | None, source_channels: int) -> Sources:
    """Return the source and the images, joined along the channels; the images alone where source_channels is 0.

    Raises:
        ValueError: if the source is missing, or has another number of channels than the network was built for.
    """
    if source is None:
        if source_channels:
            raise ValueError(f"source must be given where source_channels is {source_channels}; got none")
        return images
    if source.shape[1] != source_channels:
        raise ValueError(f"source must have source_channels={source_channels}; got {source.shape[1]} channels")
    return torch.cat([source, images], 1)


class PatchGANDiscriminator(nn.Module):
    """PatchGAN: maps images [B, channels, H, W] to logits [B, 1, h, w], one for each of many overlapping patches.

    With the strides 2, 2, 2, 1 a patch has 70x70 pixels. H and W may be any size from the smallest possible one on.
    Source: Isola et al. 2017, arXiv:1611.07004, appendix 6.1.2.

    Examples:
        >>> PatchGANDiscriminator(channels=3, image_size=64, width=16)(torch.randn(2, 3, 64, 64)).shape
        torch.Size([2, 1, 6, 6])

    Args:
        channels: channels of the images.
        image_size: side of the images in training, in pixels; at least 24 with the default strides.
        width: channels of the first hidden map; they double up to eight times as many.
        strides: strides of the hidden 4x4 convolutions; another one of stride 1 makes the logits.
        source_channels: channels of the source image, which is then judged together with the image; 0 for no source.
        norm: normalisation after each hidden convolution but the first; None for no normalisation.
        init: initialisation of each module.
        bias: whether the convolutions have biases; None for a bias wherever the norm that follows adds no shift.
        slope: negative slope of the leaky ReLUs; 0 for plain ReLUs.
        spectral_norm: whether every weight matrix is divided by its largest singular value.

    Raises:
        ValueError: if the strides are impossible or image_size is too small for them, and in the forward pass if the
            source is missing or not expected.
    """

    inputs: tuple[str, ...] = ("images",)
    memory_format = torch.channels_last
    judges_each_image_alone = True

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
        smallest = smallest_image_size(strides)
        if image_size < smallest:
            must = f"PatchGAN with strides {list(strides)} needs image_size to be at least {smallest}"
            raise wrong_size(must, image_size, [smallest])
        self.inputs = ("images", "source") if source_channels else ("images",)
        self.source_channels = source_channels
        self.net = patch_layers(channels + source_channels, width, strides, norm, bias, slope)
        initialise(self, init, spectral_norm)

    def forward(self, images: Images, source: Sources | None = None) -> Logits:
        return self.net(join_source(images, source, self.source_channels))


class MultiScalePatchGAN(nn.Module):
    """pix2pixHD's discriminator: PatchGANs of one structure, each with weights of its own, at several resolutions.

    The first sees the images [B, channels, H, W], and their sources where there are any, at full resolution, the next
    at half the resolution, then at a quarter, and so on. Each returns logits [B, 1, h, w] and the maps of its hidden
    layers after their activations, from the image on, which a feature-matching loss compares.
    Source: Wang et al. 2018, arXiv:1711.11585, section 3.2. Scales are halved by 3x3 means around every second pixel,
    which leave out pixels beyond the border.

    Examples:
        >>> answer = MultiScalePatchGAN(channels=3, image_size=128, width=8)(torch.randn(2, 3, 128, 128))
        >>> [tuple(logits.shape) for logits in answer.logits]
        [(2, 1, 14, 14), (2, 1, 6, 6), (2, 1, 2, 2)]
        >>> len(answer.features)
        12

    Args:
        channels: channels of the images.
        image_size: side of the images in training, in pixels; at least 93 with the default strides and three scales,
            47 with two, 24 with one.
        num_scales: number of resolutions and so of PatchGANs; 3 in the paper.
        width: channels of the first hidden map; they double up to eight times as many.
        strides: strides of the hidden 4x4 convolutions; another one of stride 1 makes the logits.
        source_channels: channels of the source image, which is then judged together with the image; 0 for no source.
        norm: normalisation after each hidden convolution but the first; None for no normalisation.
        init: initialisation of each module.
        bias: whether the convolutions have biases; None for a bias wherever the norm that follows adds no shift.
        slope: negative slope of the leaky ReLUs; 0 for plain ReLUs.
        spectral_norm: whether every weight matrix is divided by its largest singular value.

    Raises:
        ValueError: if the strides are impossible or image_size is too small for them, and in the forward pass if the
            source is missing or not expected.
    """

    inputs: tuple[str, ...] = ("images",)
    memory_format = torch.channels_last
    outputs: tuple[str, ...] = ("logits", "features")
    judges_each_image_alone = True

    def __init__(
        self,
        channels: PositiveInt,
        image_size: PositiveInt,
        num_scales: PositiveInt = 3,
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
        if image_size < smallest_image_size(strides, num_scales):
            needed = ", ".join(
                f"{smallest_image_size(strides, n)} with num_scales={n}" for n in range(num_scales, 0, -1)
            )
            must = f"PatchGAN with strides {list(strides)} needs image_size to be at least {needed}"
            raise wrong_size(must, image_size, [smallest_image_size(strides, num_scales)])
        self.inputs = ("images", "source") if source_channels else ("images",)
        self.source_channels = source_channels
        self.scales = nn.ModuleList(
            patch_layers(channels + source_channels, width, strides, norm, bias, slope) for _ in range(num_scales)
        )
        initialise(self, init, spectral_norm)

    def forward(self, images: Images, source: Sources | None = None) -> DiscriminatorOutput:
        joined = join_source(images, source, self.source_channels)
        logits, features = [], []
        for n, layers in enumerate(self.scales):
            if n:
                joined = F.avg_pool2d(joined, 3, stride=2, padding=1, count_include_pad=False)
            maps = joined
            for layer in layers.children():
                maps = layer(maps)
                if isinstance(layer, nn.LeakyReLU):
                    features.append(maps)
            logits.append(maps)
        return DiscriminatorOutput(tuple(logits), tuple(features))
