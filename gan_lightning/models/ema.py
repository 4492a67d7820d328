"""The exponential moving average of the generator."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from itertools import chain
from typing import Literal

import torch
from torch import Tensor, nn

from gan_lightning.types import NonNegativeFloat

Weights = Literal["ema", "raw"]
"""G's moving average, if it has one, or its weights as trained."""


class EMA(nn.Module):
    """A copy of a network, `module`, whose weights and buffers follow the network's as a moving average.

    The decay of an update is 0.5 ** (images since the last one / half-life), so it means the same for every batch size.
    The half-life is at most `ramp_up` times the number of images seen so far, so that the first weights are forgotten
    (Karras et al. 2020, arXiv:2006.06676, table of hyper-parameters). The first update copies. Integer buffers, and the
    directions of spectral normalisation, whose average would not have unit length, are copied at every update.
    The average is kept in float32 at least, also of a network in half precision, where small steps would be lost to
    rounding.

    Args:
        network: the network to follow; it may be parametrized.
        half_life: number of images after which the old weights count half.
        ramp_up: the largest ratio of the half-life to the number of images seen; None for no such limit.
    """

    n_averaged: Tensor
    """How many updates there have been."""

    def __init__(
        self, network: nn.Module, half_life: NonNegativeFloat, ramp_up: NonNegativeFloat | None = 0.05
    ) -> None:
        super().__init__()
        self.module = deepcopy(network)
        self.module.to(torch.promote_types(next(network.parameters()).dtype, torch.float32))
        self.register_buffer("n_averaged", torch.tensor(0))
        self.requires_grad_(False)
        self.half_life = half_life
        self.ramp_up = ramp_up
        self.decay = 0.0
        self.has_begun = False

    @torch.no_grad()
    def follow(self, network: nn.Module, images: int, images_seen: int) -> None:
        """Update the average; after the first time nothing waits for the device.

        Args:
            network: the network with the weights to move towards.
            images: how many were seen since the last update.
            images_seen: how many were seen in the whole run before those.
        """
        half_life = self.half_life if self.ramp_up is None else min(self.half_life, self.ramp_up * images_seen)
        self.decay = 0.5 ** (images / half_life) if half_life else 0.0
        self.has_begun = self.has_begun or bool(self.n_averaged)
        averaged, followed, copied, given = [], [], [], []
        for (name, kept), (_, current) in zip(_tensors(self.module), _tensors(network), strict=True):
            if self.has_begun and kept.is_floating_point() and not name.endswith(("._u", "._v")):
                averaged.append(kept)
                followed.append(current.to(kept.dtype))
            else:
                copied.append(kept)
                given.append(current)
        if averaged:
            torch._foreach_lerp_(averaged, followed, 1 - self.decay)
        if copied:
            torch._foreach_copy_(copied, given)
        self.n_averaged += 1

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "EMA":
        """Move the average like any module, but leave it in float32 where the model goes to half precision."""

        def moved(tensor: Tensor) -> Tensor:
            new = fn(tensor)
            return tensor.to(new.device) if new.is_floating_point() and new.itemsize < torch.float32.itemsize else new

        return super()._apply(moved, recurse)


def _tensors(network: nn.Module) -> Iterator[tuple[str, Tensor]]:
    return chain(network.named_parameters(), network.named_buffers())
