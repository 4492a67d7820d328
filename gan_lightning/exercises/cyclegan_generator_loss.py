"""The generators' loss of CycleGAN, which a blog on GANs leaves out."""

import torch
from torch import Tensor, nn

from gan_lightning.grading.exercise import Exercise, Function, Observation, checked_tensor

CYCLE_WEIGHT = 10.0


def cyclegan_generator_loss(
    generator_xy: nn.Module,
    generator_yx: nn.Module,
    discriminator_x: nn.Module,
    discriminator_y: nn.Module,
    x: Tensor,
    y: Tensor,
) -> Tensor:
    """Return both least-squares terms and both cycle terms, 10 times L1 (Zhu et al. 2017, equations 2 and 3)."""
    fake_x, fake_y = generator_yx(y), generator_xy(x)
    return _adversarial(discriminator_x(fake_x), discriminator_y(fake_y)) + _cycles(
        generator_yx(fake_y) - x, generator_xy(fake_x) - y
    )


def observe(answer: Function, seed: int) -> Observation:
    """Return the loss and its gradients with respect to the weights of both generators."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        generators = [nn.Linear(4, 4).double() for _ in range(2)]
        discriminators = [nn.Linear(4, 1).double() for _ in range(2)]
        x, y = torch.randn(2, 5, 4).double()
    loss = checked_tensor(answer(*generators, *discriminators, x, y), [], "the loss")
    weights = [each for network in generators for each in network.parameters()]
    names = [f"the gradient of {generator}" for generator in ("generator_xy", "generator_yx")]
    found = torch.autograd.grad(loss, weights, allow_unused=True, materialize_grads=True) if loss.requires_grad else ()
    seen = {
        name: torch.cat([each.flatten() for each in found[2 * n : 2 * n + 2]]) for n, name in enumerate(names) if found
    }
    return {"the loss": loss.detach()} | (seen or dict.fromkeys(names, torch.zeros(20, dtype=torch.float64)))


def _adversarial(*outputs: Tensor) -> Tensor:
    return torch.stack([(output - 1).square().mean() for output in outputs]).sum()


def _cycles(*differences: Tensor) -> Tensor:
    return CYCLE_WEIGHT * torch.stack([difference.abs().mean() for difference in differences]).sum()


def _without_cycles(xy: Function, yx: Function, D_x: Function, D_y: Function, x: Tensor, y: Tensor) -> Tensor:
    return _adversarial(D_x(yx(y)), D_y(xy(x)))


def _identity(xy: Function, yx: Function, D_x: Function, D_y: Function, x: Tensor, y: Tensor) -> Tensor:
    return _adversarial(D_x(yx(y)), D_y(xy(x))) + _cycles(yx(x) - x, xy(y) - y)


def _squares(xy: Function, yx: Function, D_x: Function, D_y: Function, x: Tensor, y: Tensor) -> Tensor:
    cycles = (yx(xy(x)) - x).square().mean() + (xy(yx(y)) - y).square().mean()
    return _adversarial(D_x(yx(y)), D_y(xy(x))) + CYCLE_WEIGHT * cycles


def _of_zero(xy: Function, yx: Function, D_x: Function, D_y: Function, x: Tensor, y: Tensor) -> Tensor:
    fooled = D_x(yx(y)).square().mean() + D_y(xy(x)).square().mean()
    return fooled + _cycles(yx(xy(x)) - x, xy(yx(y)) - y)


def _one_direction(xy: Function, yx: Function, D_x: Function, D_y: Function, x: Tensor, y: Tensor) -> Tensor:
    return _adversarial(D_x(yx(y)), D_y(xy(x))) + _cycles(yx(xy(x)) - x)


EXERCISE = Exercise(
    observe,
    cyclegan_generator_loss,
    {
        "The cycles are missing: "
        "translated there and back, an image should be what it was, 10 times L1.": _without_cycles,
        "That is the identity term, an image of y given to the generator that makes y; "
        "a cycle translates twice.": _identity,
        "The cycles compare by L1, the mean absolute difference, not by squares.": _squares,
        "The generators want D to say 1 of their images, not 0.": _of_zero,
        "The cycle from y to x and back to y is missing.": _one_direction,
        "Detach nothing in the generators' step: no gradient reaches them through the discriminators.": (
            lambda xy, yx, D_x, D_y, x, y: cyclegan_generator_loss(xy, yx, D_x, D_y, x, y).detach()
        ),
        "The cycle terms are multiplied by 10.": lambda xy, yx, D_x, D_y, x, y: (
            _without_cycles(xy, yx, D_x, D_y, x, y) + _cycles(yx(xy(x)) - x, xy(yx(y)) - y) / CYCLE_WEIGHT
        ),
        "The discriminators are exchanged: D_x judges images of x, which are made of y.": (
            lambda xy, yx, D_x, D_y, x, y: cyclegan_generator_loss(xy, yx, D_y, D_x, x, y)
        ),
    },
)
