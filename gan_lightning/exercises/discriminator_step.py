"""The discriminator's step, in which several tutorials let the gradients run on into the generator."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer

from gan_lightning.grading.exercise import Exercise, Function, Observation
from gan_lightning.grading.tiny_networks import (
    LATENT_DIM,
    PIXELS,
    draw,
    generator_and_discriminator,
    weights_of,
    with_old_gradients,
)


def discriminator_step(
    generator: nn.Module, discriminator: nn.Module, optimizer: Optimizer, real: Tensor, latents: Tensor
) -> None:
    """Update D once with cross-entropy on real images and on detached fakes (Goodfellow et al. 2014, algorithm 1)."""
    _step(discriminator, optimizer, real, generator(latents).detach())


def observe(answer: Function, seed: int) -> Observation:
    """Return both networks' weights after one step, and whether G was left alone."""
    generator, discriminator = generator_and_discriminator(seed)
    optimizer = with_old_gradients(discriminator)
    answer(generator, discriminator, optimizer, draw(seed, 6, PIXELS), draw(seed, 6, LATENT_DIM))
    untouched = all(weights.grad is None for weights in generator.parameters())
    return {
        "the generator is left without gradients": torch.tensor(untouched),
        "the generator's weights": weights_of(generator),
        "the discriminator's weights": weights_of(discriminator),
    }


def _step(
    discriminator: nn.Module,
    optimizer: Optimizer,
    real: Tensor,
    fake: Tensor,
    targets: tuple[float, float] = (1.0, 0.0),
    clears: bool = True,
) -> None:
    if clears:
        optimizer.zero_grad()
    losses = []
    for images, target in zip((real, fake), targets, strict=True):
        logits = discriminator(images)
        losses.append(F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target)))
    torch.stack(losses).sum().backward()
    optimizer.step()


def _real_alone(discriminator: nn.Module, optimizer: Optimizer, real: Tensor) -> None:
    optimizer.zero_grad()
    F.softplus(-discriminator(real)).mean().backward()
    optimizer.step()


EXERCISE = Exercise(
    observe,
    discriminator_step,
    {
        "The fakes are not detached, so the backward pass also goes through G and leaves gradients there, "
        "which costs time and spoils G's next step if they are not cleared: "
        "use generator(latents).detach().": (
            lambda G, D, optimizer, real, latents: _step(D, optimizer, real, G(latents))
        ),
        "Old gradients are not cleared: call optimizer.zero_grad() before backward().": (
            lambda G, D, optimizer, real, latents: _step(D, optimizer, real, G(latents).detach(), clears=False)
        ),
        "The targets are the wrong way round: D learns 1 for real images and 0 for generated ones.": (
            lambda G, D, optimizer, real, latents: _step(D, optimizer, real, G(latents).detach(), (0.0, 1.0))
        ),
        "Nothing has changed: call backward() on the loss, then optimizer.step().": lambda *_: None,
        "D has seen real images only; it must also see generated ones, with the target 0.": (
            lambda G, D, optimizer, real, latents: _real_alone(D, optimizer, real)
        ),
    },
)
