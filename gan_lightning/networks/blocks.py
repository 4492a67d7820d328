"""The blocks of a network, from its input to its output."""

from collections.abc import Iterator

from torch import nn


def blocks(network: nn.Module) -> list[nn.Module]:
    """Return the parts of a network that have weights, in the order in which they are defined.

    Containers are opened, so that a block is a convolution, a linear layer or a residual block; a layer of
    normalisation belongs to the block before it and is in the same `nn.ModuleList`.

    Args:
        network: a network whose parts are defined in the order of its forward pass, as those of this package are.

    Examples:
        >>> len(blocks(nn.Sequential(nn.Conv2d(3, 8, 4), nn.BatchNorm2d(8), nn.ReLU(), nn.Linear(8, 1))))
        2
    """
    found: list[nn.ModuleList] = []
    for part in _parts(network):
        has_matrix = any(weight.dim() > 1 for weight in part.parameters())
        if has_matrix or not found:
            found.append(nn.ModuleList([part]))
        else:
            found[-1].append(part)
    return list(found)


def _parts(network: nn.Module) -> Iterator[nn.Module]:
    for part in network.children():
        if isinstance(part, nn.Sequential | nn.ModuleList):
            yield from _parts(part)
        elif any(True for _ in part.parameters()):
            yield part
