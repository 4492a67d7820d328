"""The order in which the numbers of images and of convolutions' weights lie in memory."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import nn

from gan_lightning.types import Batch

MemoryFormat = Literal["channels_last", "contiguous_format"]
"""Orders by their names in torch: a pixel's channels side by side, or a channel's pixels."""


def memory_format_of(networks: Sequence[nn.Module], asked: MemoryFormat | None = None) -> torch.memory_format:
    """Return the order for networks that are trained together.

    Instance norm keeps the usual order: with channels last and one image in the batch, torch 2.15 computes a wrong
    gradient of its input on a CPU, of which half may be missing, without a word.

    Args:
        networks: networks that name the order in which they are fastest in their attribute `memory_format`; those from
            elsewhere may lack it, because a `view` of maps in their code would fail with channels last.
        asked: an order that is used in any case; None for channels last if all networks name it.

    Raises:
        ValueError: if channels last is asked for and a network has instance norm.
    """
    has_instance_norm = any(isinstance(each, nn.InstanceNorm2d) for network in networks for each in network.modules())
    if asked == "channels_last" and has_instance_norm:
        raise ValueError(
            "model.memory_format must not be channels_last with instance norm, of which torch then computes wrong "
            "gradients for a batch of one image; use contiguous_format, or another norm"
        )
    if asked:
        return getattr(torch, asked)
    named = {getattr(network, "memory_format", torch.contiguous_format) for network in networks}
    is_faster = named == {torch.channels_last} and not has_instance_norm
    return torch.channels_last if is_faster else torch.contiguous_format


def in_order(batch: Batch, memory_format: torch.memory_format) -> Batch:
    """Return a batch whose images lie in memory in this order."""
    return type(batch)(*(each.contiguous(memory_format=memory_format) if each.dim() == 4 else each for each in batch))
