"""Where a sampling generator's batch normalisation takes its statistics from."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any, Literal

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

BatchNorm = Literal["eval", "batch", "standing"]
"""Training's running statistics, those of the batch itself, or running ones made anew."""
PASSES = 100
"""For standing statistics, as in the paper."""


def batch_norms(network: nn.Module) -> list[_BatchNorm]:
    """Its layers that keep running statistics; only for them do the modes differ."""
    found = [layer for layer in network.modules() if isinstance(layer, _BatchNorm)]
    return [layer for layer in found if layer.running_mean is not None]


def in_norm_mode(network: nn.Module, mode: BatchNorm, pass_through: Callable[[nn.Module, int], object]) -> nn.Module:
    """The network, in eval mode, with its norms in this one; itself for `eval`, else a copy to be thrown away.

    With standing statistics the running mean and variance are the averages of those of `PASSES` fresh batches (Brock et
    al. 2019, arXiv:1809.11096, appendix on standing statistics).

    Args:
        network: in eval mode.
        mode: see `BatchNorm`.
        pass_through: run a network once on the n-th of these batches.
    """
    if mode == "eval" or not batch_norms(network):
        return network
    copied = deepcopy(network)
    norms: list[Any] = list(batch_norms(copied))
    for norm in norms:
        norm.train()
        if mode == "batch":
            norm.track_running_stats = False  # so torch neither takes nor updates them
        else:
            norm.reset_running_stats()
            norm.momentum = None  # a plain average of all batches
    if mode == "standing":
        for number in range(PASSES):
            pass_through(copied, number)
        copied.eval()
    return copied
