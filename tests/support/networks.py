"""What tests of networks count and list."""

from torch import nn


def count(network):
    """Return the number of a network's parameters."""
    return sum(parameter.numel() for parameter in network.parameters())


def convolutions(network):
    """Return a network's convolutions, in the order in which they were made."""
    return [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
