"""The small classifier's network, and how it is trained in seconds."""

import torch
from jaxtyping import Int, UInt8
from torch import Tensor, nn
from torch.nn import functional as F

from gan_lightning.metrics.levels import Levels
from gan_lightning.types import Count, Index

SIDE = 32
"""Images of other sizes are averaged or repeated to this one first."""
FEATURES = 64
STEPS, BATCH = 300, 64
RATE = 3e-3


class SmallCNN(nn.Module):
    """Three strided convolutions and two linear layers; the first linear one's outputs are the features.

    Args:
        num_classes: of the data set.
    """

    def __init__(self, num_classes: Count) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for channels, after in ((3, 32), (32, 64), (64, 64)):
            layers += [nn.Conv2d(channels, after, 3, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        self.features = nn.Sequential(*layers, nn.Flatten(), nn.Linear(64 * (SIDE // 8) ** 2, FEATURES))
        self.classes = nn.Sequential(nn.ReLU(), nn.Linear(FEATURES, num_classes))

    def forward(self, levels: Levels) -> tuple[Tensor, Tensor]:
        """Features [B, 64] and class logits [B, num_classes] of bytes."""
        features = self.features(F.interpolate(levels.float() / 127.5 - 1, (SIDE, SIDE), mode="area"))
        return features, self.classes(features)


def reduced(levels: Levels) -> UInt8[Tensor, "B 3 32 32"]:
    """Images at the network's own size, to the nearest level; the network sees the same up to half a level."""
    return F.interpolate(levels.float(), (SIDE, SIDE), mode="area").round().to(torch.uint8)


def trained(levels: Levels, labels: Int[Tensor, " B"], num_classes: Count, seed: Index) -> SmallCNN:
    """A network that has learned these labels, on the CPU; torch's global random state stays as it was.

    300 batches of 64 with Adam; the rate rises and falls once (Smith and Topin 2019, arXiv:1708.07120).
    """
    stream = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]), torch.inference_mode(False), torch.enable_grad():
        torch.default_generator.manual_seed(seed)
        network = SmallCNN(num_classes)
        weights = list(network.parameters())
        optimizer = torch.optim.Adam(weights, RATE)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, STEPS)
        for _ in range(STEPS):
            rows = torch.randint(len(levels), (BATCH,), generator=stream)
            loss = F.cross_entropy(network(levels[rows])[1], labels[rows], label_smoothing=0.1)
            gradients = torch.autograd.grad(loss, weights)
            for weight, gradient in zip(weights, gradients, strict=True):
                weight.grad = gradient
            optimizer.step()
            schedule.step()
    return network.requires_grad_(False).eval()
