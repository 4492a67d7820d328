"""SNGAN's ResNets (Miyato et al. 2018, arXiv:1802.05957, appendix B.4), unconditional or by class."""

from functools import partial
from itertools import pairwise
from typing import NamedTuple

from torch import nn
from torch.nn import functional as F

from gan_lightning.networks.initialisation import Init, glorot
from gan_lightning.networks.normalisation import ClassBatchNorm, Maps, Norm, spectral
from gan_lightning.networks.projection import Projection
from gan_lightning.types import Images, Labels, Latents, Logits, PositiveInt


class UpBlock(nn.Module):
    """Twice the side: norm, ReLU, nearest neighbour, 3x3, norm, ReLU, 3x3, beside a 1x1 shortcut.

    Args:
        before: channels that come in.
        after: channels that go out.
        norm: makes the two normalisation layers; they are given the labels, if there are any.
    """

    def __init__(self, before: PositiveInt, after: PositiveInt, norm: Norm) -> None:
        super().__init__()
        self.norm1 = norm(before)
        self.conv1 = nn.Conv2d(before, after, 3, padding=1)
        self.norm2 = norm(after)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1)
        self.shortcut = nn.Conv2d(before, after, 1)

    def forward(self, maps: Maps, *labels: Labels) -> Maps:
        hidden = F.interpolate(F.relu(self.norm1(maps, *labels)), scale_factor=2)
        hidden = self.conv2(F.relu(self.norm2(self.conv1(hidden), *labels)))
        return hidden + F.interpolate(self.shortcut(maps), scale_factor=2)


class DownBlock(nn.Module):
    """ReLU, 3x3, ReLU, 3x3, beside a 1x1 shortcut where the shape changes; then, perhaps, 2x2 means.

    Args:
        before: channels that come in.
        after: channels that go out.
        halve: half the side.
        image: what comes in is the image, which passes no ReLU.
        norm: makes a layer before each ReLU; None for none.
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


class Plan(NamedTuple):
    """Sizes for one image size; channels are multiples of the widths."""

    widths: tuple[int, int]
    """The paper's, of G and D."""
    side: int
    """Of G's first map."""
    up: tuple[int, ...]
    """Channels of G's first map and after each block."""
    down: tuple[int, ...]
    """Channels after each of D's blocks."""
    halvings: int
    """How many of D's blocks halve the side; the first ones do."""


PLANS = {
    32: Plan((256, 128), 4, (1, 1, 1, 1), (1, 1, 1, 1), 2),
    48: Plan((64, 64), 6, (8, 4, 2, 1), (1, 2, 4, 8, 16), 4),
    64: Plan((64, 64), 4, (16, 8, 4, 2, 1), (1, 2, 4, 8, 16), 5),
    128: Plan((64, 64), 4, (16, 16, 8, 4, 2, 1), (1, 2, 4, 8, 16, 16), 5),
}


def plan(image_size: int) -> Plan:
    """The sizes for one image size.

    Raises:
        ValueError: where the paper and its followers have none.
    """
    if image_size not in PLANS:
        *most, last = PLANS
        raise ValueError(f"SNGAN's image_size must be {', '.join(map(str, most))} or {last}; got {image_size}")
    return PLANS[image_size]


class SNGANGenerator(nn.Module):
    """Latents [B, latent_dim], and labels [B] where there are classes, to images in [-1, 1].

    Args:
        latent_dim: Z; 128 in the paper.
        channels: of the image.
        image_size: 32, 48, 64 or 128.
        width: channels of the last hidden map; None for the paper's 256 at 32 pixels, 64 above.
        num_classes: makes it conditional.
        init: applied to each module.

    Raises:
        ValueError: for another size.
    """

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
        self.num_classes = num_classes
        sizes = plan(image_size)
        widths = [(width or sizes.widths[0]) * multiple for multiple in sizes.up]
        norm: Norm = partial(ClassBatchNorm, num_classes=num_classes) if num_classes else nn.BatchNorm2d
        side = sizes.side
        self.stem = nn.Sequential(nn.Linear(latent_dim, widths[0] * side**2), nn.Unflatten(1, (widths[0], side, side)))
        self.blocks = nn.ModuleList(UpBlock(before, after, norm) for before, after in pairwise(widths))
        last = nn.Conv2d(widths[-1], channels, 3, padding=1)
        self.image = nn.Sequential(nn.BatchNorm2d(widths[-1]), nn.ReLU(), last, nn.Tanh())
        self.apply(init)

    def forward(self, latents: Latents, *labels: Labels) -> Images:
        maps = self.stem(latents)
        for block in self.blocks:
            maps = block(maps, *labels)
        return self.image(maps)


class SNGANDiscriminator(nn.Module):
    """Images, and labels [B] where there are classes, to logits [B, 1], by sums over the last map.

    Args:
        channels: of the image.
        image_size: 32, 48, 64 or 128.
        width: channels of the first hidden map; None for the paper's 128 at 32 pixels, 64 above.
        num_classes: makes it conditional.
        norm: normalisation before each ReLU; None, as in the paper, for none.
        init: applied to each module.
        spectral_norm: of every weight matrix.
        mean_pool: the mean over the last map, as WGAN-GP's critics have it, instead of SNGAN's sum.

    Raises:
        ValueError: for another size.
    """

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
        self.num_classes = num_classes
        sizes = plan(image_size)
        widths = [channels, *((width or sizes.widths[1]) * multiple for multiple in sizes.down)]
        self.blocks = nn.Sequential(
            *(
                DownBlock(before, after, halve=n < sizes.halvings, image=n == 0, norm=norm)
                for n, (before, after) in enumerate(pairwise(widths))
            )
        )
        self.head = Projection(widths[-1], num_classes) if num_classes else nn.Linear(widths[-1], 1)
        self.mean_pool = mean_pool
        self.apply(init)
        if spectral_norm:
            spectral(self)

    def forward(self, images: Images, *labels: Labels) -> Logits:
        features = F.relu(self.blocks(images))
        return self.head(features.mean((2, 3)) if self.mean_pool else features.sum((2, 3)), *labels)
