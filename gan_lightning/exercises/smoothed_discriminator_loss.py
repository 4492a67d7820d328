"""One-sided label smoothing, which a blog on GANs wrote down with two mistakes."""

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_lightning.grading.exercise import Exercise, Function, Observation, loss_and_gradients


def smoothed_discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Return cross-entropy with the targets 0.9 for real and 0 for generated images (Salimans et al. 2016)."""
    return _with_targets(real, fake, 0.9, 0.0)


def observe(answer: Function, seed: int) -> Observation:
    """Return the loss of six and six random logits, with its gradients."""
    real, fake = 2 * torch.randn(2, 6, 1, generator=torch.Generator().manual_seed(seed))
    return loss_and_gradients(answer, real_logits=real, fake_logits=fake)


def _with_targets(real: Tensor, fake: Tensor, real_target: float, fake_target: float) -> Tensor:
    targets = torch.full_like(real, real_target), torch.full_like(fake, fake_target)
    return sum(F.binary_cross_entropy_with_logits(*each) for each in zip((real, fake), targets, strict=True))  # type: ignore[return-value]


EXERCISE = Exercise(
    observe,
    smoothed_discriminator_loss,
    {
        "Real images still have the target 1; smoothing makes it 0.9.": lambda real, fake: _with_targets(
            real, fake, 1.0, 0.0
        ),
        "Smooth one side only: generated images keep the target 0, because D would else learn to like them.": (
            lambda real, fake: _with_targets(real, fake, 0.9, 0.1)
        ),
        "The targets are the wrong way round: 0.9 belongs to the real images.": lambda real, fake: _with_targets(
            fake, real, 0.9, 0.0
        ),
        "A sigmoid comes before a loss that has one itself: give binary_cross_entropy_with_logits the raw outputs.": (
            lambda real, fake: smoothed_discriminator_loss(real.sigmoid(), fake.sigmoid())
        ),
        "The factor 0.9 belongs to the target, not to the loss.": lambda real, fake: (
            0.9 * F.softplus(-real).mean() + F.softplus(fake).mean()
        ),
        "The factor 0.9 belongs to the target, not to D's outputs.": lambda real, fake: _with_targets(
            0.9 * real, fake, 1.0, 0.0
        ),
        "The targets are 0.9 and 0, not 1 and 0.1: it is the real images' target that is smoothed.": (
            lambda real, fake: _with_targets(real, fake, 1.0, 0.1)
        ),
        "Add the two means; this is their average.": lambda real, fake: smoothed_discriminator_loss(real, fake) / 2,
    },
)
