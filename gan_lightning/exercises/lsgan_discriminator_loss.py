"""The homework of a course on DCGAN: turn its discriminator's loss into that of LSGAN."""

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_lightning.grading.exercise import Exercise, Function, Observation, loss_and_gradients


def lsgan_discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Return the mean of (D(x) - 1)^2 plus the mean of D(G(z))^2, without the factor of 1/2 of Mao et al. 2017."""
    return (real - 1).square().mean() + fake.square().mean()


def observe(answer: Function, seed: int) -> Observation:
    """Return the loss of five and five random logits, with its gradients."""
    real, fake = 2 * torch.randn(2, 5, 1, generator=torch.Generator().manual_seed(seed))
    return loss_and_gradients(answer, real_logits=real, fake_logits=fake)


def _cross_entropy(real: Tensor, fake: Tensor) -> Tensor:
    return F.softplus(-real).mean() + F.softplus(fake).mean()


EXERCISE = Exercise(
    observe,
    lsgan_discriminator_loss,
    {
        "This is still DCGAN's cross-entropy; LSGAN takes the squared distance to the targets.": _cross_entropy,
        "A sigmoid is left over from DCGAN: LSGAN compares D's raw outputs with the targets.": lambda real, fake: (
            lsgan_discriminator_loss(real.sigmoid(), fake.sigmoid())
        ),
        "The targets are the wrong way round: "
        "D learns 1 for real images and 0 for generated ones.": lambda real, fake: lsgan_discriminator_loss(fake, real),
        "The term of the generated images is missing.": lambda real, fake: (real - 1).square().mean() + 0 * fake.sum(),
        "The term of the real images is missing.": lambda real, fake: fake.square().mean() + 0 * real.sum(),
        "Generated images have the target 0, not -1.": lambda real, fake: (
            (real - 1).square().mean() + (fake + 1).square().mean()
        ),
        "Take the mean over the batch instead of the sum.": lambda real, fake: (
            (real - 1).square().sum() + fake.square().sum()
        ),
        "This is the paper's loss with its factor of 1/2; the exercise asks for it without.": lambda real, fake: (
            lsgan_discriminator_loss(real, fake) / 2
        ),
    },
)
