"""Turns of a game: while one player moves, the weights of the others have no gradients."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from torch import nn
from torch.optim import Optimizer


@contextmanager
def alone(mover: Optimizer, optimizers: Iterable[Optimizer]) -> Iterator[None]:
    """Let only those weights of some optimizers have gradients that `mover` steps, while the context lasts."""
    own = {id(weight) for weight in _weights(mover)}
    others = (weight for optimizer in optimizers if optimizer is not mover for weight in _weights(optimizer))
    rest = [weight for weight in others if weight.requires_grad and id(weight) not in own]
    for weight in rest:
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for weight in rest:
            weight.requires_grad_(True)


def _weights(optimizer: Optimizer) -> list[nn.Parameter]:
    return [weight for group in optimizer.param_groups for weight in group["params"]]
