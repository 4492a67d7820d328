"""DCGAN (Radford, Metz, Chintala 2016, arXiv:1511.06434) and the tutorials' variations of it."""

from itertools import pairwise
from typing import NamedTuple

from torch import nn

from gan_lightning.networks.initialisation import Init
from gan_lightning.networks.initialisation import dcgan as dcgan_init
from gan_lightning.networks.normalisation import Norm, spectral
from gan_lightning.types import Images, Latents, Logits, PositiveInt


class Scale(NamedTuple):
    """The layer at the image's end: its kernel, stride (2 doubles, 3 triples) and padding."""

    kernel_size: int
    stride: int
    padding: int

    @property
    def overhang(self) -> int:
        """The output padding with which a transposed convolution enlarges by exactly the stride."""
        return 2 * self.padding - (self.kernel_size - self.stride)


def scales(image_size: int, end_kernel: int | None) -> tuple[int, Scale]:
    """The number of hidden maps between 4x4 and the image, and the layer at the image's end.

    Args:
        image_size: 4 * 2**n, or 12 * 2**(n-1) with an end that triples; n >= 1.
        end_kernel: kernel at the image's end; by default 4 where it doubles, 5 where it triples.

    Raises:
        ValueError: for another size, or a kernel smaller than its stride, which would leave pixels out.
    """
    for stride, kernel in ((2, 4), (3, 5)):
        maps, rest = 1, image_size // stride
        while rest > 4:
            maps, rest = maps + 1, rest // 2
        if image_size != 4 * stride * 2 ** (maps - 1):
            continue
        kernel = end_kernel or kernel
        if kernel < stride:
            raise ValueError(f"end_kernel must be at least {stride}, the end's stride; got {kernel}")
        return maps, Scale(kernel, stride, (kernel - stride + 1) // 2)
    raise ValueError(
        "DCGAN doubles from 4x4, so image_size must be 4 * 2**n (8, 16, 32, 64 ...) "
        f"or, with an end that triples, 12 * 2**n (12, 24, 48, 96 ...); got {image_size}"
    )


class DCGANGenerator(nn.Module):
    """Latents [B, latent_dim] to images [B, channels, image_size, image_size] in [-1, 1].

    The 4x4 map has the most channels, each doubling halves them down to `width` at the last hidden map.

    Args:
        latent_dim: Z.
        channels: of the image.
        image_size: 4 * 2**n or 12 * 2**n.
        width: channels of the last hidden map (the tutorials' ngf).
        bias: of the convolutions.
        linear_stem: a plain Linear makes the 4x4 map, without normalisation and ReLU.
        end_kernel: kernel of the last layer.
        norm: normalisation after each hidden convolution; None for none.
        init: applied to each module.

    Raises:
        ValueError: see `scales`.
    """

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
        maps, end = scales(image_size, end_kernel)
        widths = [width * 2**n for n in reversed(range(maps))]

        def activation(channels: int) -> list[nn.Module]:
            return [*([norm(channels)] if norm else []), nn.ReLU(inplace=True)]

        if linear_stem:
            stem = [nn.Linear(latent_dim, widths[0] * 16), nn.Unflatten(1, (widths[0], 4, 4))]
        else:
            first = nn.ConvTranspose2d(latent_dim, widths[0], 4, 1, 0, bias=bias)
            stem = [nn.Unflatten(1, (latent_dim, 1, 1)), first, *activation(widths[0])]
        doublings = [
            layer
            for wide, narrow in pairwise(widths)
            for layer in (nn.ConvTranspose2d(wide, narrow, 4, 2, 1, bias=bias), *activation(narrow))
        ]
        image = nn.ConvTranspose2d(width, channels, *end, output_padding=end.overhang, bias=bias)
        self.net = nn.Sequential(*stem, *doublings, image, nn.Tanh())
        self.apply(init)

    def forward(self, latents: Latents) -> Images:
        return self.net(latents)


def halvings(
    channels: int, image_size: int, width: int, bias: bool, end_kernel: int | None, norm: Norm | None
) -> tuple[list[nn.Module], int]:
    """The layers from the image to the 4x4 map, and that map's channels; for the arguments see the discriminator."""
    maps, end = scales(image_size, end_kernel)
    widths = [width * 2**n for n in range(maps)]
    layers: list[nn.Module] = [nn.Conv2d(channels, width, *end, bias=bias), nn.LeakyReLU(0.2, inplace=True)]
    for narrow, wide in pairwise(widths):
        layers += [nn.Conv2d(narrow, wide, 4, 2, 1, bias=bias), *([norm(wide)] if norm else [])]
        layers += [nn.LeakyReLU(0.2, inplace=True)]
    return layers, widths[-1]


class DCGANDiscriminator(nn.Module):
    """Images [B, channels, image_size, image_size] to logits [B, 1]; the generator's mirror.

    Args:
        channels: of the image.
        image_size: 4 * 2**n or 12 * 2**n.
        width: channels of the first hidden map (the tutorials' ndf).
        bias: of the convolutions.
        linear_head: a Linear reads the 4x4 map instead of a 4x4 convolution.
        end_kernel: kernel of the first layer.
        norm: normalisation after each hidden convolution but the first; None for none.
        init: applied to each module.
        spectral_norm: of every weight matrix.

    Raises:
        ValueError: see `scales`.
    """

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
        layers, widest = halvings(channels, image_size, width, bias, end_kernel, norm)
        if linear_head:
            head: list[nn.Module] = [nn.Flatten(), nn.Linear(widest * 16, 1)]
        else:
            head = [nn.Conv2d(widest, 1, 4, 1, 0, bias=bias), nn.Flatten()]
        self.net = nn.Sequential(*layers, *head)
        self.apply(init)
        if spectral_norm:
            spectral(self)

    def forward(self, images: Images) -> Logits:
        return self.net(images)
