"""The residual blocks of SNGAN (Miyato et al. 2018, arXiv:1802.05957, appendix B.4)."""

from torch import nn
from torch.nn import functional as F

from gan_lightning.networks.normalisation import Maps, Norm
from gan_lightning.types import Count, Labels


class UpBlock(nn.Module):
    """Twice the side: norm, ReLU, nearest neighbour, 3x3, norm, ReLU, 3x3, beside a 1x1 shortcut.

    Args:
        before: channels that come in.
        after: channels that go out.
        norm: makes the two normalisation layers; they are given the labels, if there are any.
    """

    def __init__(self, before: Count, after: Count, norm: Norm) -> None:
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

    def __init__(self, before: Count, after: Count, halve: bool, image: bool = False, norm: Norm | None = None) -> None:
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
