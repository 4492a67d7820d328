"""LSGAN's generator and discriminator (Mao et al. 2017, arXiv:1611.04076, figure 2) at any multiple of 16 pixels."""

from itertools import pairwise

import torch
from torch import nn

from gan_lightning.networks.initialisation import Init, torch_default
from gan_lightning.networks.normalisation import Norm, initialise, norm_layers
from gan_lightning.networks.sizes import LARGEST, wrong_size
from gan_lightning.types import Images, Latents, Logits, PositiveInt


def smallest_map_side(image_size: int) -> int:
    """Return the side of the smallest feature map, a sixteenth of the image's.

    Raises:
        ValueError: if the size is not a multiple of 16.
    """
    if image_size % 16:
        must = "LSGAN doubles four times, so image_size must be a multiple of 16"
        raise wrong_size(must, image_size, range(16, LARGEST, 16))
    return image_size // 16


class LSGANGenerator(nn.Module):
    """LSGAN's generator: maps latents [B, latent_dim] to images [B, channels, image_size, image_size] in [-1, 1].

    Examples:
        >>> import torch
        >>> LSGANGenerator(latent_dim=1024, channels=3, image_size=112, width=8)(torch.randn(2, 1024)).shape
        torch.Size([2, 3, 112, 112])

    Args:
        latent_dim: length of a latent vector; 1024 in the paper.
        channels: channels of the images.
        image_size: side of the images in pixels: a multiple of 16; 112 in the paper.
        width: channels of the last hidden map; the first has four times as many.
        stem_relu: whether a ReLU follows the first layer's norm. DCGAN's guidelines have it, the Jittor tutorial
            leaves it out.
        norm: normalisation after each hidden layer; None for no normalisation.
        init: initialisation of each module.

    Raises:
        ValueError: if image_size is not a multiple of 16.
    """

    inputs: tuple[str, ...] = ("latents",)
    memory_format = torch.channels_last

    def __init__(
        self,
        latent_dim: PositiveInt,
        channels: PositiveInt,
        image_size: PositiveInt,
        width: PositiveInt = 64,
        stem_relu: bool = True,
        norm: Norm | None = nn.BatchNorm2d,
        init: Init = torch_default,
    ) -> None:
        super().__init__()
        side, wide = smallest_map_side(image_size), 4 * width
        layers: list[nn.Module] = [nn.Linear(latent_dim, wide * side**2), nn.Unflatten(1, (wide, side, side))]
        layers += norm_layers(norm, wide)
        if stem_relu:
            layers += [nn.ReLU(inplace=True)]
        widths, strides = (wide, wide, wide, wide, wide, 2 * width, width), (2, 1, 2, 1, 2, 2)
        for (before, after), stride in zip(pairwise(widths), strides, strict=True):
            layers += [nn.ConvTranspose2d(before, after, 3, stride, 1, output_padding=stride - 1)]
            layers += [*norm_layers(norm, after), nn.ReLU(inplace=True)]
        self.net = nn.Sequential(*layers, nn.ConvTranspose2d(width, channels, 3, 1, 1), nn.Tanh())
        self.apply(init)

    def forward(self, latents: Latents) -> Images:
        return self.net(latents)


class LSGANDiscriminator(nn.Module):
    """LSGAN's discriminator: maps images [B, channels, image_size, image_size] to logits [B, 1].

    Examples:
        >>> import torch
        >>> LSGANDiscriminator(channels=3, image_size=112, width=8)(torch.randn(2, 3, 112, 112)).shape
        torch.Size([2, 1])

    Args:
        channels: channels of the images.
        image_size: side of the images in pixels: a multiple of 16; 112 in the paper.
        width: channels of the first feature map; the last has eight times as many.
        norm: normalisation after each convolution but the first; None for no normalisation.
        init: initialisation of each module.
        spectral_norm: whether every weight matrix is divided by its largest singular value.

    Raises:
        ValueError: if image_size is not a multiple of 16.
    """

    inputs: tuple[str, ...] = ("images",)
    memory_format = torch.channels_last
    judges_each_image_alone = True

    def __init__(
        self,
        channels: PositiveInt,
        image_size: PositiveInt,
        width: PositiveInt = 64,
        norm: Norm | None = nn.BatchNorm2d,
        init: Init = torch_default,
        spectral_norm: bool = False,
    ) -> None:
        super().__init__()
        side = smallest_map_side(image_size)
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 5, 2, 2), nn.LeakyReLU(0.2, inplace=True)]
        for narrow, wide in pairwise(width * 2**n for n in range(4)):
            layers += [nn.Conv2d(narrow, wide, 5, 2, 2), *norm_layers(norm, wide)]
            layers += [nn.LeakyReLU(0.2, inplace=True)]
        self.net = nn.Sequential(*layers, nn.Flatten(), nn.Linear(8 * width * side**2, 1))
        initialise(self, init, spectral_norm)

    def forward(self, images: Images) -> Logits:
        return self.net(images)
