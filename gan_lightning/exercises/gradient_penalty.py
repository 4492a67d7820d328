"""The gradient penalty of WGAN-GP, in which a mistake costs quality and shows nowhere."""

import torch
from torch import Tensor, nn

from gan_lightning.grading.exercise import Exercise, Function, Observation, checked_tensor


def gradient_penalty(discriminator: nn.Module, real: Tensor, fake: Tensor, epsilon: Tensor) -> Tensor:
    """Return 10 * mean (|grad D| - 1)^2 on the lines from real to fake images (Gulrajani et al. 2017, equation 3)."""
    gradients = _gradients(discriminator, fake.lerp(real, epsilon[:, None]))
    return 10 * (gradients.norm(dim=1) - 1).square().mean()


def observe(answer: Function, seed: int) -> Observation:
    """Return the penalty and its gradient with respect to D's weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        discriminator = nn.Sequential(nn.Linear(4, 6), nn.Softplus(), nn.Linear(6, 1)).double()
        real, fake, epsilon = torch.randn(5, 4).double(), torch.randn(5, 4).double(), torch.rand(5).double()
    penalty = checked_tensor(answer(discriminator, real, fake, epsilon), [], "the penalty")
    weights = list(discriminator.parameters())[:3]  # the last bias changes no gradient
    found = (
        torch.autograd.grad(penalty, weights, allow_unused=True, materialize_grads=True)
        if penalty.requires_grad
        else ()
    )
    return {
        "the penalty": penalty.detach(),
        "a gradient of the penalty reaches the discriminator's weights": torch.tensor(
            any(each.any() for each in found)
        ),
        "the gradient of the discriminator's weights": torch.cat([each.flatten() for each in found])
        if found
        else penalty,
    }


def _gradients(discriminator: nn.Module, images: Tensor, create_graph: bool = True) -> Tensor:
    images = images.detach().requires_grad_()
    return torch.autograd.grad(discriminator(images).sum(), images, create_graph=create_graph)[0]


def _one_number(discriminator: nn.Module, real: Tensor, fake: Tensor, epsilon: Tensor) -> Tensor:
    gradients = _gradients(discriminator, fake.lerp(real, epsilon[:, None]))
    return 10 * (gradients.norm() - 1).square()


def _without_graph(discriminator: nn.Module, real: Tensor, fake: Tensor, epsilon: Tensor) -> Tensor:
    gradients = _gradients(discriminator, fake.lerp(real, epsilon[:, None]), create_graph=False)
    return 10 * (gradients.norm(dim=1) - 1).square().mean()


def _of_mean(discriminator: nn.Module, real: Tensor, fake: Tensor, epsilon: Tensor) -> Tensor:
    gradients = _gradients(discriminator, fake.lerp(real, epsilon[:, None])) / len(real)
    return 10 * (gradients.norm(dim=1) - 1).square().mean()


def _one_sided(discriminator: nn.Module, real: Tensor, fake: Tensor, epsilon: Tensor) -> Tensor:
    gradients = _gradients(discriminator, fake.lerp(real, epsilon[:, None]))
    return 10 * (gradients.norm(dim=1) - 1).relu().square().mean()


EXERCISE = Exercise(
    observe,
    gradient_penalty,
    {
        "This is the norm of the whole batch's gradient; each image has a norm of its own: norm(dim=1).": _one_number,
        "No gradient of the penalty reaches D's weights: "
        "call torch.autograd.grad with create_graph=True.": _without_graph,
        "This differentiates the mean of D's outputs, so each image's gradient is divided by the batch size: "
        "use the sum.": _of_mean,
        "The penalty is on the real images alone; it belongs on the lines between real and generated ones.": (
            lambda D, real, fake, epsilon: gradient_penalty(D, real, real, epsilon)
        ),
        "The penalty is on the generated images alone; it belongs on the lines between real and generated ones.": (
            lambda D, real, fake, epsilon: gradient_penalty(D, fake, fake, epsilon)
        ),
        "The factor epsilon belongs to the real images: epsilon * x + (1 - epsilon) * G(z).": (
            lambda D, real, fake, epsilon: gradient_penalty(D, fake, real, epsilon)
        ),
        "All images share one epsilon; each has its own.": lambda D, real, fake, epsilon: gradient_penalty(
            D, real, fake, epsilon[:1].expand_as(epsilon)
        ),
        "Norms below 1 are penalised too: (|grad D| - 1)^2 on both sides.": _one_sided,
        "The penalty is multiplied by 10.": lambda D, real, fake, epsilon: (
            gradient_penalty(D, real, fake, epsilon) / 10
        ),
    },
)
