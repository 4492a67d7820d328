"""Features of a network that has learned nothing: always there, and the same everywhere."""

import torch
from torch import nn

from gan_lightning.metrics.extractors.extractor import Extractor, Identity, RawFeatures, weights_sha256
from gan_lightning.metrics.images import Levels
from gan_lightning.types import NonNegativeInt, PositiveInt

SMALLEST = 8
"""Side of the smallest images: two strides leave 2x2 places to take a deviation over."""


class Random(Extractor):
    """Three convolutions with fixed random weights; means and standard deviations over all places, 2 * width features.

    Random features order images by texture and statistics, not by content: a distance between them tells a broken
    generator from a working one on any data, and is no substitute for FID.

    Args:
        width: channels of the last layer.
        seed: of the weights, which are drawn on the CPU from a generator of their own.
    """

    def __init__(self, width: PositiveInt = 64, seed: NonNegativeInt = 0) -> None:
        self.network = nn.Sequential(
            nn.utils.skip_init(nn.Conv2d, 3, width, 4, 2, 1),
            nn.ReLU(),
            nn.utils.skip_init(nn.Conv2d, width, width, 4, 2, 1),
            nn.ReLU(),
            nn.utils.skip_init(nn.Conv2d, width, width, 3, 1, 1),
            nn.ReLU(),
        )
        stream = torch.Generator().manual_seed(seed)
        for layer in self.network:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=stream)
                nn.init.normal_(layer.get_parameter("bias"), std=0.1, generator=stream)
        self.network.requires_grad_(False).eval()
        self.identity = Identity("random", weights_sha256(self.network), "none", 2 * width)

    def extract(self, levels: Levels) -> RawFeatures:
        height, width = levels.shape[2:]
        if min(height, width) < SMALLEST:
            raise ValueError(f"extractor=random needs images of at least {SMALLEST}x{SMALLEST}; got {height}x{width}")
        places = self.network(levels.float() / 127.5 - 1).flatten(2)
        return RawFeatures(torch.cat([places.mean(2), places.std(2)], 1))
