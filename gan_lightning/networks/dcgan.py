"""DCGAN's generator and discriminator (Radford et al. 2016, arXiv:1511.06434), with the variations of tutorials."""

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import nn

from gan_lightning.networks.initialisation import Init, dcgan as dcgan_init
from gan_lightning.networks.normalisation import Norm, initialise, norm_layers
from gan_lightning.networks.sizes import wrong_size
from gan_lightning.types import Images, Latents, Logits, PositiveInt


class ImageLayer(NamedTuple):
    """Kernel, stride and padding of the convolution next to the image: the generator's last, the discriminator's first.

    Args:
        kernel_size: side of the kernel in pixels.
        stride: 2 where the layer doubles or halves the side, 3 where it triples it or takes a third.
        padding: pixels of padding on each side.
    """

    kernel_size: int
    stride: int
    padding: int

    @property
    def output_padding(self) -> int:
        """Return the output padding with which a transposed convolution enlarges by exactly the stride."""
        return 2 * self.padding - (self.kernel_size - self.stride)


def plan_layers(image_size: int, end_kernel: int | None) -> tuple[int, ImageLayer]:
    """Return the number of hidden maps from 4x4 on, each twice the side of the one before, and the image layer.

    Args:
        image_size: side of the image: 4 * 2**n, or 12 * 2**(n-1) with an image layer that triples; n >= 1.
        end_kernel: kernel of the image layer; None for 4 where it doubles and 5 where it triples.

    Raises:
        ValueError: if the size has no such form, or the kernel is smaller than its stride and so leaves pixels out.
    """
    for stride, default_kernel in ((2, 4), (3, 5)):
        maps, side = 1, image_size // stride
        while side > 4:
            maps, side = maps + 1, side // 2
        if image_size != 4 * stride * 2 ** (maps - 1):
            continue
        kernel = end_kernel or default_kernel
        if kernel < stride:
            raise ValueError(f"end_kernel must be at least {stride}, the end's stride; got {kernel}")
        return maps, ImageLayer(kernel, stride, (kernel - stride + 1) // 2)
    raise wrong_size(
        "DCGAN doubles from 4x4, so image_size must be 4 * 2**n (8, 16, 32, 64 ...) or, with an end that triples, "
        "12 * 2**n (12, 24, 48, 96 ...)",
        image_size,
        [side * 2**n for side in (8, 12) for n in range(8)],
    )


class DCGANGenerator(nn.Module):
    """DCGAN's generator: maps latents [B, latent_dim] to images [B, channels, image_size, image_size] in [-1, 1].

    The 4x4 map has the most channels; each doubling of the side halves them, down to `width` at the last hidden map.

    Examples:
        >>> import torch
        >>> DCGANGenerator(latent_dim=100, channels=3, image_size=64, width=16)(torch.randn(2, 100)).shape
        torch.Size([2, 3, 64, 64])

    Args:
        latent_dim: length of a latent vector.
        channels: channels of the images.
        image_size: side of the images in pixels: 4 * 2**n or 12 * 2**n.
        width: channels of the last hidden map (the tutorials' ngf).
        bias: whether the convolutions have biases.
        linear_stem: whether a Linear layer makes the 4x4 map, without normalisation and ReLU, instead of a convolution.
        end_kernel: kernel of the last layer; None for 4, or 5 where that layer triples the side.
        norm: normalisation after each hidden convolution; None for no normalisation.
        init: initialisation of each module.

    Raises:
        ValueError: if the network cannot be built for this image_size or end_kernel.
    """

    inputs: tuple[str, ...] = ("latents",)
    memory_format = torch.channels_last

    def __init__(
        self,
        latent_dim: PositiveInt,
        channels: PositiveInt,
        image_size: PositiveInt,
        width: PositiveInt = 64,
        bias: bool = False,
        linear_stem: bool = False,
        end_kernel: PositiveInt | None = None,
        norm: Norm | None = nn.BatchNorm2d,
        init: Init = dcgan_init,
    ) -> None:
        super().__init__()
        maps, end = plan_layers(image_size, end_kernel)
        widths = [width * 2**n for n in reversed(range(maps))]
        if linear_stem:
            layers = [nn.Linear(latent_dim, widths[0] * 16), nn.Unflatten(1, (widths[0], 4, 4))]
        else:
            first = nn.ConvTranspose2d(latent_dim, widths[0], 4, 1, 0, bias=bias)
            layers = [nn.Unflatten(1, (latent_dim, 1, 1)), first, *norm_layers(norm, widths[0])]
            layers += [nn.ReLU(inplace=True)]
        for wide, narrow in pairwise(widths):
            layers += [nn.ConvTranspose2d(wide, narrow, 4, 2, 1, bias=bias), *norm_layers(norm, narrow)]
            layers += [nn.ReLU(inplace=True)]
        image = nn.ConvTranspose2d(width, channels, *end, output_padding=end.output_padding, bias=bias)
        self.net = nn.Sequential(*layers, image, nn.Tanh())
        self.apply(init)

    def forward(self, latents: Latents) -> Images:
        return self.net(latents)


def downsampling_layers(
    channels: int, image_size: int, width: int, bias: bool, end_kernel: int | None, norm: Norm | None
) -> tuple[list[nn.Module], int]:
    """Return the layers from the image to the 4x4 map, and that map's channels.

    They are the body of every discriminator that extends DCGAN's; see `DCGANDiscriminator` for the arguments.
    """
    maps, end = plan_layers(image_size, end_kernel)
    widths = [width * 2**n for n in range(maps)]
    layers: list[nn.Module] = [nn.Conv2d(channels, width, *end, bias=bias), nn.LeakyReLU(0.2, inplace=True)]
    for narrow, wide in pairwise(widths):
        layers += [nn.Conv2d(narrow, wide, 4, 2, 1, bias=bias), *norm_layers(norm, wide)]
        layers += [nn.LeakyReLU(0.2, inplace=True)]
    return layers, widths[-1]


class DCGANDiscriminator(nn.Module):
    """DCGAN's discriminator: maps images [B, channels, image_size, image_size] to logits [B, 1].

    It mirrors the generator: each halving of the side doubles the channels, from `width` at the first hidden map on.

    Examples:
        >>> import torch
        >>> DCGANDiscriminator(channels=3, image_size=64, width=16)(torch.randn(2, 3, 64, 64)).shape
        torch.Size([2, 1])

    Args:
        channels: channels of the images.
        image_size: side of the images in pixels: 4 * 2**n or 12 * 2**n.
        width: channels of the first hidden map (the tutorials' ndf).
        bias: whether the convolutions have biases.
        linear_head: whether a Linear layer reads the 4x4 map instead of a 4x4 convolution.
        end_kernel: kernel of the first layer; None for 4, or 5 where that layer divides the side by three.
        norm: normalisation after each hidden convolution but the first; None for no normalisation.
        init: initialisation of each module.
        spectral_norm: whether every weight matrix is divided by its largest singular value.

    Raises:
        ValueError: if the network cannot be built for this image_size or end_kernel.
    """

    inputs: tuple[str, ...] = ("images",)
    memory_format = torch.channels_last
    judges_each_image_alone = True

    def __init__(
        self,
        channels: PositiveInt,
        image_size: PositiveInt,
        width: PositiveInt = 64,
        bias: bool = False,
        linear_head: bool = False,
        end_kernel: PositiveInt | None = None,
        norm: Norm | None = nn.BatchNorm2d,
        init: Init = dcgan_init,
        spectral_norm: bool = False,
    ) -> None:
        super().__init__()
        layers, widest = downsampling_layers(channels, image_size, width, bias, end_kernel, norm)
        if linear_head:
            head: list[nn.Module] = [nn.Flatten(), nn.Linear(widest * 16, 1)]
        else:
            head = [nn.Conv2d(widest, 1, 4, 1, 0, bias=bias), nn.Flatten()]
        self.net = nn.Sequential(*layers, *head)
        initialise(self, init, spectral_norm)

    def forward(self, images: Images) -> Logits:
        return self.net(images)
