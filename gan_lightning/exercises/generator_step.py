"""The generator's step with the loss that does not vanish where D is right."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer

from gan_lightning.grading.exercise import Exercise, Function, Observation
from gan_lightning.grading.tiny_networks import (
    LATENT_DIM,
    draw,
    generator_and_discriminator,
    weights_of,
    with_old_gradients,
)


def generator_step(generator: nn.Module, discriminator: nn.Module, optimizer: Optimizer, latents: Tensor) -> None:
    """Update G once so that D takes its images for real: minimise -log D(G(z)) (Goodfellow et al. 2014, section 3)."""
    _step(optimizer, F.softplus(-discriminator(generator(latents))).mean())


def observe(answer: Function, seed: int) -> Observation:
    """Return both networks' weights after one step."""
    generator, discriminator = generator_and_discriminator(seed)
    answer(generator, discriminator, with_old_gradients(generator), draw(seed, 6, LATENT_DIM))
    return {
        "the discriminator's weights": weights_of(discriminator),
        "the generator's weights": weights_of(generator),
    }


def _step(optimizer: Optimizer, loss: Tensor, clears: bool = True) -> None:
    if clears:
        optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def _detached(G: nn.Module, D: nn.Module, optimizer: Optimizer, latents: Tensor) -> None:
    optimizer.zero_grad()
    optimizer.step()


def _both_updated(G: nn.Module, D: nn.Module, optimizer: Optimizer, latents: Tensor) -> None:
    generator_step(G, D, optimizer, latents)
    torch.optim.SGD(D.parameters(), lr=optimizer.param_groups[0]["lr"]).step()


EXERCISE = Exercise(
    observe,
    generator_step,
    {
        "G has not learnt anything: its images must reach D without detach() and torch.no_grad(), "
        "then backward() and optimizer.step().": _detached,
        "G is told that its images are fake, so it learns to be found out: its target is 1.": (
            lambda G, D, optimizer, latents: _step(optimizer, F.softplus(D(G(latents))).mean())
        ),
        "This is the minimax loss log(1 - D(G(z))), whose gradient vanishes while D is right: minimise -log D(G(z)).": (
            lambda G, D, optimizer, latents: _step(optimizer, -F.softplus(D(G(latents))).mean())
        ),
        "Old gradients are not cleared: call optimizer.zero_grad() before backward().": (
            lambda G, D, optimizer, latents: _step(optimizer, F.softplus(-D(G(latents))).mean(), clears=False)
        ),
        "A sigmoid comes before a loss that has one itself: give binary_cross_entropy_with_logits the raw outputs.": (
            lambda G, D, optimizer, latents: _step(optimizer, F.softplus(-D(G(latents)).sigmoid()).mean())
        ),
        "D's weights have changed too: in G's step only G learns.": _both_updated,
    },
)
