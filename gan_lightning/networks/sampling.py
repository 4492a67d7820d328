"""Layers that know themselves how a network samples, so that `eval()` is always right.

Source: Isola et al. 2017, arXiv:1611.07004, section 3.4. At test time dropout goes on, for it is the only noise, and
normalisation takes the statistics of what it is given.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Generator, nn
from torch.nn import functional as F

from gan_lightning.networks.normalisation import Maps
from gan_lightning.types import NonNegativeFloat, PositiveInt


class ImageBatchNorm(nn.BatchNorm2d):
    """Batch normalisation whose eval mode gives each image what a batch of it alone would give.

    In train mode it is ordinary batch normalisation. In eval mode each image is normalised by its own statistics, with
    the learned scale and shift, so that what is made of it does not depend on its batch. There are no running ones.

    Args:
        channels: of the feature maps.
        eps: added to the variance.
    """

    def __init__(self, channels: PositiveInt, eps: NonNegativeFloat = 1e-5) -> None:
        super().__init__(channels, eps, track_running_stats=False)

    def forward(self, maps: Maps) -> Maps:
        if self.training:
            return super().forward(maps)
        return F.instance_norm(maps, weight=self.weight, bias=self.bias, eps=self.eps)


class SamplingDropout(nn.Module):
    """Dropout of single values that goes on in eval mode, where it is a network's noise.

    Train mode draws from torch's own stream. So does eval mode, unless `seeded` gives each image a stream of its own.

    Args:
        dropout: the probability of a zero, in [0, 1).

    Raises:
        ValueError: for another probability, and in eval mode where there are not as many streams as images.
    """

    def __init__(self, dropout: NonNegativeFloat) -> None:
        super().__init__()
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout must be at least 0 and less than 1; got {dropout}")
        self.dropout = dropout
        self.streams: tuple[Generator, ...] | None = None

    def forward(self, maps: Maps) -> Maps:
        if self.training or self.streams is None:
            return F.dropout(maps, self.dropout)
        if len(self.streams) != len(maps):
            raise ValueError(f"seeds must be one for each image; got {len(self.streams)} for {len(maps)} images")
        # On the CPU, because each kind of device has a generator of its own.
        draws = [torch.rand(maps.shape[1:], generator=stream) for stream in self.streams]
        kept = torch.stack(draws).ge(self.dropout).to(maps.device)
        return maps * kept / (1 - self.dropout)

    def __getstate__(self) -> dict[str, Any]:
        """All but the streams: a copy made within `seeded` would never lose them."""
        return self.__dict__ | {"streams": None}

    def extra_repr(self) -> str:
        return str(self.dropout)


@contextmanager
def seeded(network: nn.Module, seeds: Sequence[int]) -> Iterator[None]:
    """Within it, the n-th image that the network is given in eval mode has the noise of the n-th seed.

    So its noise depends neither on the batch around it nor on the device. An image's layers draw one after the other
    from its stream; a second pass continues it. Torch's own streams are left alone.

    Args:
        network: with any number of `SamplingDropout`, also none.
        seeds: one for each image of a batch, 0 to 2**64 - 1.
    """
    streams = tuple(Generator().manual_seed(seed) for seed in seeds)
    layers = [layer for layer in network.modules() if isinstance(layer, SamplingDropout)]
    for layer in layers:
        layer.streams = streams
    try:
        yield
    finally:
        for layer in layers:
            layer.streams = None
