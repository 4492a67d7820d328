"""Features of an untrained network, which needs no file and no data and is the same everywhere."""

import torch
from torch import nn

from gan_lightning.metrics.extractors.extractor import Extractor, ExtractorIdentity, ExtractorOutput, weights_sha256
from gan_lightning.metrics.images import UInt8Images
from gan_lightning.types import NonNegativeInt, PositiveInt

MIN_SIZE = 8
"""The smallest height and width of images; two strides leave 2x2 places to compute standard deviations over."""


class Random(Extractor):
    """Three convolutions with fixed random weights, whose outputs' means and standard deviations are the features.

    Random features respond to texture and colour, not to content. A distance between them tells a broken generator from
    a working one on any data, and is no substitute for FID.

    Args:
        width: channels of the last layer; there are 2 * width features.
        seed: seed of the weights, which are drawn on the CPU from a generator of their own.
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
        self.identity = ExtractorIdentity("random", weights_sha256(self.network), "none", 2 * width)

    def extract(self, images: UInt8Images) -> ExtractorOutput:
        height, width = images.shape[2:]
        if min(height, width) < MIN_SIZE:
            raise ValueError(f"extractor=random needs images of at least {MIN_SIZE}x{MIN_SIZE}; got {height}x{width}")
        maps = self.network(images.float() / 127.5 - 1).flatten(2)
        return ExtractorOutput(torch.cat([maps.mean(2), maps.std(2)], 1))
