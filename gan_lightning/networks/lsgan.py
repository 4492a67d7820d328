"""LSGAN's networks (Mao et al. 2017, arXiv:1611.04076, figure 2) at any multiple of 16 pixels."""

from itertools import pairwise

from torch import nn

from gan_lightning.networks.initialisation import Init, torch_default
from gan_lightning.networks.normalisation import Norm, spectral
from gan_lightning.types import Images, Latents, Logits, PositiveInt


def sixteenth(image_size: int) -> int:
    """The side of the smallest feature map.

    Raises:
        ValueError: where the size is no multiple of 16.
    """
    if image_size % 16:
        raise ValueError(f"LSGAN doubles four times, so image_size must be a multiple of 16; got {image_size}")
    return image_size // 16


class LSGANGenerator(nn.Module):
    """Latents [B, latent_dim] to images [B, channels, image_size, image_size] in [-1, 1].

    Args:
        latent_dim: Z; 1024 in the paper.
        channels: of the image.
        image_size: a multiple of 16; 112 in the paper.
        width: channels of the last hidden map; the first has four times as many.
        stem_relu: ReLU after the Linear's batch norm. DCGAN's rule wants it, the Jittor tutorial leaves it out.
        norm: normalisation after each hidden layer; None for none.
        init: applied to each module.

    Raises:
        ValueError: where image_size is no multiple of 16.
    """

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
        side, wide = sixteenth(image_size), 4 * width
        stem: list[nn.Module] = [nn.Linear(latent_dim, wide * side**2), nn.Unflatten(1, (wide, side, side))]
        stem += [*([norm(wide)] if norm else []), *([nn.ReLU(inplace=True)] if stem_relu else [])]
        hidden: list[nn.Module] = []
        for before, after, stride in (
            (wide, wide, 2),
            (wide, wide, 1),
            (wide, wide, 2),
            (wide, wide, 1),
            (wide, 2 * width, 2),
            (2 * width, width, 2),
        ):
            hidden += [nn.ConvTranspose2d(before, after, 3, stride, 1, output_padding=stride - 1)]
            hidden += [*([norm(after)] if norm else []), nn.ReLU(inplace=True)]
        self.net = nn.Sequential(*stem, *hidden, nn.ConvTranspose2d(width, channels, 3, 1, 1), nn.Tanh())
        self.apply(init)

    def forward(self, latents: Latents) -> Images:
        return self.net(latents)


class LSGANDiscriminator(nn.Module):
    """Images [B, channels, image_size, image_size] to logits [B, 1].

    Args:
        channels: of the image.
        image_size: a multiple of 16; 112 in the paper.
        width: channels of the first feature map; the last has eight times as many.
        norm: normalisation after each convolution but the first; None for none.
        init: applied to each module.
        spectral_norm: of every weight matrix.

    Raises:
        ValueError: where image_size is no multiple of 16.
    """

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
        side = sixteenth(image_size)
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 5, 2, 2), nn.LeakyReLU(0.2, inplace=True)]
        for narrow, wide in pairwise(width * 2**n for n in range(4)):
            layers += [nn.Conv2d(narrow, wide, 5, 2, 2), *([norm(wide)] if norm else [])]
            layers += [nn.LeakyReLU(0.2, inplace=True)]
        self.net = nn.Sequential(*layers, nn.Flatten(), nn.Linear(8 * width * side**2, 1))
        self.apply(init)
        if spectral_norm:
            spectral(self)

    def forward(self, images: Images) -> Logits:
        return self.net(images)
