"""Buffers of networks that several processes train together, such as batch norm's running statistics."""

import torch
import torch.distributed as dist
from torch import nn

from gan_lightning.randomness import rank_and_world_size


@torch.no_grad()
def average_buffers(*networks: nn.Module) -> None:
    """Average the float buffers of networks over the ranks, so that all ranks hold the same; rank zero's integers win.

    Each rank's batch norm follows its own rows of the global batch, and its averages are linear in what it sees, so the
    mean over the ranks is what one process that saw all means would have. Spectral norm's directions are left alone:
    they are equal on all ranks, because they depend on the weights alone. Every rank must call this; with one process
    nothing happens.

    Args:
        networks: networks of the same structure on each rank.
    """
    world_size = rank_and_world_size()[1]
    if world_size == 1:
        return
    for network in networks:
        for name, buffer in network.named_buffers():
            if not buffer.is_floating_point():
                dist.broadcast(buffer, 0)
            elif not name.endswith(("._u", "._v")):
                dist.all_reduce(buffer)
                buffer /= world_size
