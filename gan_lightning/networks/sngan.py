"""SNGAN's ResNets (Miyato et al. 2018, arXiv:1802.05957, appendix B.4), with class labels or without."""

from functools import partial
from itertools import pairwise
from math import sqrt
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from gan_lightning.networks.initialisation import LINEAR, MATRICES, Init
from gan_lightning.networks.normalisation import ClassBatchNorm, Maps, Norm, initialise
from gan_lightning.networks.projection import Projection
from gan_lightning.networks.sizes import wrong_size
from gan_lightning.types import Classes, Images, Labels, Latents, Logits, PositiveInt


class UpBlock(nn.Module):
    """Residual block from maps [B, before, H, W] to maps [B, after, 2H, 2W].

    The layers are norm, ReLU, nearest-neighbour upsampling, 3x3, norm, ReLU, 3x3, in parallel with a 1x1 shortcut.

    Args:
        before: channels that come in.
        after: channels that go out.
        norm: normalisation before each ReLU; it is given the labels, if there are any.
    """

    def __init__(self, before: PositiveInt, after: PositiveInt, norm: Norm) -> None:
        super().__init__()
        self.norm1 = norm(before)
        self.conv1 = nn.Conv2d(before, after, 3, padding=1)
        self.norm2 = norm(after)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1)
        self.shortcut = nn.Conv2d(before, after, 1)

    def forward(self, maps: Maps, *labels: Classes) -> Maps:
        hidden = F.interpolate(F.relu(self.norm1(maps, *labels)), scale_factor=2)
        hidden = self.conv2(F.relu(self.norm2(self.conv1(hidden), *labels)))
        return hidden + F.interpolate(self.shortcut(maps), scale_factor=2)


class DownBlock(nn.Module):
    """Residual block from maps [B, before, H, W] to maps with `after` channels of the same or half the side.

    The layers are ReLU, 3x3, ReLU, 3x3, in parallel with a 1x1 shortcut if the shape changes; 2x2 means of
    the sum halve it.

    Args:
        before: channels that come in.
        after: channels that go out.
        halve: whether the side is halved.
        image: whether the image itself comes in, which passes no ReLU.
        norm: normalisation before each ReLU; None for no normalisation.
    """

    def __init__(
        self, before: PositiveInt, after: PositiveInt, halve: bool, image: bool = False, norm: Norm | None = None
    ) -> None:
        super().__init__()
        between = after if image else before
        make = norm or nn.Identity
        self.halve = halve
        self.stem = nn.Identity() if image else nn.Sequential(make(before), nn.ReLU())
        self.conv1 = nn.Conv2d(before, between, 3, padding=1)
        self.norm = make(between)
        self.conv2 = nn.Conv2d(between, after, 3, padding=1)
        same = before == after and not halve
        self.shortcut = nn.Identity() if same else nn.Conv2d(before, after, 1)

    def forward(self, maps: Maps) -> Maps:
        hidden = self.conv2(F.relu(self.norm(self.conv1(self.stem(maps)))))
        total = hidden + self.shortcut(maps)
        return F.avg_pool2d(total, 2) if self.halve else total


def glorot(module: nn.Module) -> None:
    """Draw the weights of a convolution, Linear or Embedding from Glorot's uniform distribution and set its bias to 0.

    The two 3x3 convolutions of a residual block get a gain of sqrt 2, because a ReLU is next to each of them; shortcuts
    and the layers outside of blocks, the generator's last one included, have none. Source: Glorot and Bengio 2010; the
    gains are those of the authors' code of SNGAN and of mimicry.
    """
    if isinstance(module, MATRICES):
        nn.init.xavier_uniform_(module.weight)
    if isinstance(module, LINEAR) and module.bias is not None:
        nn.init.zeros_(module.bias)
    if isinstance(module, UpBlock | DownBlock):  # `nn.Module.apply` reaches a block after the layers in it
        for conv in (module.conv1, module.conv2):
            nn.init.xavier_uniform_(conv.weight, sqrt(2))


class Architecture(NamedTuple):
    """Sizes of both networks for one image size; a map's channels are a multiple of its network's width.

    Args:
        generator_width: width of the generator in the paper.
        discriminator_width: width of the discriminator in the paper.
        first_side: side in pixels of the generator's first map.
        generator_multiples: multiples of the width at the generator's first map and after each block.
        discriminator_multiples: multiples of the width after each block of the discriminator.
        downsampling_blocks: how many of the discriminator's blocks, counted from the first, halve the side.
    """

    generator_width: int
    discriminator_width: int
    first_side: int
    generator_multiples: tuple[int, ...]
    discriminator_multiples: tuple[int, ...]
    downsampling_blocks: int


ARCHITECTURES = {
    32: Architecture(256, 128, 4, (1, 1, 1, 1), (1, 1, 1, 1), 2),
    48: Architecture(64, 64, 6, (8, 4, 2, 1), (1, 2, 4, 8, 16), 4),
    64: Architecture(64, 64, 4, (16, 8, 4, 2, 1), (1, 2, 4, 8, 16), 5),
    128: Architecture(64, 64, 4, (16, 16, 8, 4, 2, 1), (1, 2, 4, 8, 16, 16), 5),
}


def architecture(image_size: int) -> Architecture:
    """Return the sizes of both networks for one image size.

    Raises:
        ValueError: if image_size is not 32, 48, 64 or 128.
    """
    if image_size not in ARCHITECTURES:
        *most, last = ARCHITECTURES
        raise wrong_size(f"SNGAN's image_size must be {', '.join(map(str, most))} or {last}", image_size, ARCHITECTURES)
    return ARCHITECTURES[image_size]


class SNGANGenerator(nn.Module):
    """SNGAN's generator: maps latents [B, latent_dim], and labels [B] where there are classes, to images in [-1, 1].

    With classes, batch norm has a scale and a shift for each of them (Miyato and Koyama 2018, arXiv:1802.05637);
    weights [B, num_classes] instead of labels mix them.

    Examples:
        >>> import torch
        >>> SNGANGenerator(latent_dim=128, channels=3, image_size=32, width=16)(torch.randn(2, 128)).shape
        torch.Size([2, 3, 32, 32])

    Args:
        latent_dim: length of a latent vector; 128 in the paper.
        channels: channels of the images.
        image_size: side of the images in pixels: 32, 48, 64 or 128.
        width: channels of the last hidden map; None for the paper's 256 at 32 pixels, 64 above.
        num_classes: number of classes; None for a generator that takes no labels.
        init: initialisation of each module.

    Raises:
        ValueError: if image_size is another one.
    """

    inputs: tuple[str, ...] = ("latents",)
    memory_format = torch.channels_last

    def __init__(
        self,
        latent_dim: PositiveInt,
        channels: PositiveInt,
        image_size: PositiveInt,
        width: PositiveInt | None = None,
        num_classes: PositiveInt | None = None,
        init: Init = glorot,
    ) -> None:
        super().__init__()
        self.inputs = ("latents", "labels") if num_classes else ("latents",)
        sizes = architecture(image_size)
        widths = [(width or sizes.generator_width) * multiple for multiple in sizes.generator_multiples]
        norm: Norm = partial(ClassBatchNorm, num_classes=num_classes) if num_classes else nn.BatchNorm2d
        side = sizes.first_side
        self.stem = nn.Sequential(nn.Linear(latent_dim, widths[0] * side**2), nn.Unflatten(1, (widths[0], side, side)))
        self.blocks = nn.ModuleList(UpBlock(before, after, norm) for before, after in pairwise(widths))
        last = nn.Conv2d(widths[-1], channels, 3, padding=1)
        self.image = nn.Sequential(nn.BatchNorm2d(widths[-1]), nn.ReLU(), last, nn.Tanh())
        self.apply(init)

    def forward(self, latents: Latents, *labels: Classes) -> Images:
        maps = self.stem(latents)
        for block in self.blocks:
            maps = block(maps, *labels)
        return self.image(maps)


class SNGANDiscriminator(nn.Module):
    """SNGAN's discriminator: maps images, and labels [B] where there are classes, to logits [B, 1].

    The head reads the sum over the last map; with classes it is a projection on the label (Miyato and Koyama 2018,
    arXiv:1802.05637).

    Examples:
        >>> import torch
        >>> SNGANDiscriminator(channels=3, image_size=32, width=16)(torch.randn(2, 3, 32, 32)).shape
        torch.Size([2, 1])

    Args:
        channels: channels of the images.
        image_size: side of the images in pixels: 32, 48, 64 or 128.
        width: channels of the first hidden map; None for the paper's 128 at 32 pixels, 64 above.
        num_classes: number of classes; None for a discriminator that takes no labels.
        norm: normalisation before each ReLU; None, as in the paper, for none.
        init: initialisation of each module.
        spectral_norm: whether every weight matrix is divided by its largest singular value.
        mean_pool: whether the head reads the mean over the last map, as in WGAN-GP's critics, instead of the sum.

    Raises:
        ValueError: if image_size is another one.
    """

    inputs: tuple[str, ...] = ("images",)
    memory_format = torch.channels_last
    judges_each_image_alone = True

    def __init__(
        self,
        channels: PositiveInt,
        image_size: PositiveInt,
        width: PositiveInt | None = None,
        num_classes: PositiveInt | None = None,
        norm: Norm | None = None,
        init: Init = glorot,
        spectral_norm: bool = True,
        mean_pool: bool = False,
    ) -> None:
        super().__init__()
        self.inputs = ("images", "labels") if num_classes else ("images",)
        sizes = architecture(image_size)
        width = width or sizes.discriminator_width
        widths = [channels, *(width * multiple for multiple in sizes.discriminator_multiples)]
        self.blocks = nn.Sequential(
            *(
                DownBlock(before, after, halve=n < sizes.downsampling_blocks, image=n == 0, norm=norm)
                for n, (before, after) in enumerate(pairwise(widths))
            )
        )
        self.head = Projection(widths[-1], num_classes) if num_classes else nn.Linear(widths[-1], 1)
        self.mean_pool = mean_pool
        initialise(self, init, spectral_norm)

    def forward(self, images: Images, *labels: Labels) -> Logits:
        features = F.relu(self.blocks(images))
        return self.head(features.mean((2, 3)) if self.mean_pool else features.sum((2, 3)), *labels)
