"""Small networks in float64 for the exercises on training steps."""

import torch
from torch import Tensor, nn
from torch.optim import SGD

LATENT_DIM, PIXELS = 3, 4
RATE = 0.1
"""The learning rate. Plain gradient descent shows a gradient's size, which Adam would hide."""


def generator_and_discriminator(seed: int, norm: bool = False) -> tuple[nn.Sequential, nn.Sequential]:
    """Return G, latents [N, 3] to images [N, 4], and D, images to outputs [N, 1], with weights of a seed.

    Args:
        seed: the seed of the weights.
        norm: whether G has a batch norm, whose train mode then shows.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        hidden = [nn.BatchNorm1d(5)] if norm else []
        generator = nn.Sequential(nn.Linear(LATENT_DIM, 5), *hidden, nn.Tanh(), nn.Linear(5, PIXELS), nn.Tanh())
        discriminator = nn.Sequential(nn.Linear(PIXELS, 5), nn.LeakyReLU(0.2), nn.Linear(5, 1))
    return generator.double(), discriminator.double()


def with_old_gradients(network: nn.Module) -> SGD:
    """Return an optimizer for a network whose gradients are not zero, as an earlier backward pass leaves them."""
    for weights in network.parameters():
        weights.grad = torch.ones_like(weights)
    return SGD(network.parameters(), lr=RATE)


def weights_of(network: nn.Module) -> Tensor:
    """Return all weights of a network in one vector."""
    return torch.cat([weights.detach().flatten() for weights in network.parameters()])


def draw(seed: int, rows: int, columns: int) -> Tensor:
    """Return random numbers [rows, columns] of a seed, in float64."""
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(1000 + seed), dtype=torch.float64)
