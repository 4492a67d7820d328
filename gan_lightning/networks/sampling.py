"""Layers whose eval mode is how pix2pix samples: dropout stays on, and each image is normalised by its own statistics.

Source: Isola et al. 2017, arXiv:1611.07004, section 3.4.
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
    """Batch normalisation that in eval mode treats each image as if it were alone in its batch.

    In train mode it is ordinary batch normalisation. In eval mode each image is normalised by its own statistics, with
    the learned scale and shift, so that the result does not depend on the rest of the batch. There are no running
    statistics. It takes maps [B, channels, H, W] and returns maps of the same shape.

    Args:
        channels: channels of the feature maps.
        eps: number added to the variance.
    """

    def __init__(self, channels: PositiveInt, eps: NonNegativeFloat = 1e-5) -> None:
        super().__init__(channels, eps, track_running_stats=False)

    def forward(self, maps: Maps) -> Maps:
        if self.training:
            return super().forward(maps)
        # A group for each channel, which is several times faster than `F.instance_norm` and keeps the memory format.
        return F.group_norm(maps, maps.shape[1], self.weight, self.bias, self.eps)


class SamplingDropout(nn.Module):
    """Dropout of single values that stays on in eval mode, where it is a network's noise.

    Train mode draws from torch's own random stream. So does eval mode, unless `seeded` gives each image a stream of its
    own. It takes maps [B, C, H, W] and returns maps of the same shape.

    Args:
        dropout: probability of a zero, in [0, 1).

    Raises:
        ValueError: if the probability is not in [0, 1), and in eval mode if there is not one seed for each image.
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
        # Draws are made on the CPU, because each kind of device has a random generator of its own.
        draws = [torch.rand(maps.shape[1:], generator=stream) for stream in self.streams]
        kept = torch.stack(draws).ge(self.dropout).to(maps.device)
        return maps * kept / (1 - self.dropout)

    def __getstate__(self) -> dict[str, Any]:
        """Return the state without the streams, because a copy made within `seeded` would never lose them."""
        return self.__dict__ | {"streams": None}

    def extra_repr(self) -> str:
        return str(self.dropout)


@contextmanager
def seeded(network: nn.Module, seeds: Sequence[int]) -> Iterator[None]:
    """Give the n-th image of a batch the noise of the n-th seed while the context lasts, in eval mode only.

    So an image's noise depends neither on the rest of the batch nor on the device. The layers draw one after the other
    from the image's stream, and a second pass continues it. Torch's own streams do not change.

    Examples:
        >>> dropout, maps = SamplingDropout(0.5).eval(), torch.ones(1, 1, 8, 8)
        >>> with seeded(dropout, [7]):
        ...     first = dropout(maps)
        >>> with seeded(dropout, [7]):
        ...     print(torch.equal(dropout(maps), first))
        True

    Args:
        network: network with any number of `SamplingDropout` layers, or with none.
        seeds: one seed for each image of a batch, each from 0 to 2**64 - 1.
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


@contextmanager
def in_eval_mode(network: nn.Module) -> Iterator[nn.Module]:
    """Yield a network in eval mode without gradients, and bring its own mode back afterwards.

    Args:
        network: any network.
    """
    training = network.training
    network.eval()
    try:
        with torch.no_grad():
            yield network
    finally:
        network.train(training)
