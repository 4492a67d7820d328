"""An objective of one's own: whatever trains a GAN on eight Gaussians is right."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_lightning.data.ring import MODES, Ring
from gan_lightning.grading.exercise import Exercise, Function, Observation, WrongFormError, checked_tensor

STEPS, BATCH, LATENT_DIM, WIDTH, RATE = 300, 256, 8, 64, 2e-3
COVERED, NEAR = 7, 0.3
"""The least number of Gaussians found, and the least share of points within three deviations of one.

After 300 steps cross-entropy, least squares, the hinge and the relativistic loss find all eight, with 0.42 to 0.49 of
the points near one (two seeds); an untrained generator finds none.
"""


def own_objective(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Return D's and G's non-saturating loss of D's outputs on real and on generated images."""
    return F.softplus(-real).mean() + F.softplus(fake).mean(), F.softplus(-fake).mean()


def observe(answer: Function, seed: int) -> Observation:
    """Return which way both losses push D's outputs, and, if that is right, what 300 steps on the ring lead to."""
    seen = {
        "D's loss depends on its outputs on real images": _pushes(answer, 0, 0, -0.3) != 0,
        "D's loss falls when its outputs on real images rise": _pushes(answer, 0, 0, -0.3) < 0,
        "D's loss falls when its outputs on generated images fall": _pushes(answer, 0, 1, 0.3) > 0,
        "G's loss falls when D's outputs on generated images rise": _pushes(answer, 1, 1, -0.3) < 0,
    }
    near = _trained(answer, seed) if all(seen.values()) else torch.zeros(MODES)
    return seen | {
        f"after {STEPS} steps at least {COVERED} of {MODES} Gaussians are found": (near >= 0.01).sum() >= COVERED,
        f"after {STEPS} steps at least {NEAR:.0%} of the points are near a Gaussian": near.sum() >= NEAR,
    }


def _losses(answer: Function, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    result = answer(real, fake)
    if not isinstance(result, tuple) or len(result) != 2:
        raise WrongFormError("The function must return two losses, D's and G's: return loss_d, loss_g.")
    return checked_tensor(result[0], [], "D's loss"), checked_tensor(result[1], [], "G's loss")


def _pushes(answer: Function, player: int, kind: int, about: float) -> Tensor:
    """Return the mean gradient of a player's loss, with respect to D's outputs on real (0) or generated (1) images.

    The outputs are about a value where D is wrong, or finds G out, so that each loss that learns has a gradient.
    """
    outputs = [torch.linspace(about - 0.2, about + 0.2, 9)[:, None].requires_grad_() for _ in range(2)]
    loss = _losses(answer, *outputs)[player]
    if not loss.requires_grad:
        return torch.tensor(0.0)
    (gradient,) = torch.autograd.grad(loss, outputs[kind], allow_unused=True, materialize_grads=True)
    return gradient.mean()


def _trained(answer: Function, seed: int) -> Tensor:
    """Return the share of points near each Gaussian, [8], after training small networks with an objective."""
    ring, stream = Ring(), torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        generator, discriminator = _mlp(LATENT_DIM, 2), _mlp(2, 1)
    optimizers = [torch.optim.Adam(each.parameters(), RATE, (0.0, 0.9)) for each in (discriminator, generator)]

    def points(count: int) -> Tensor:
        return generator(torch.randn(count, LATENT_DIM, generator=stream))

    def step(player: int, real: Tensor, fake: Tensor) -> None:
        optimizers[player].zero_grad()
        _losses(answer, discriminator(real), discriminator(fake))[player].backward()
        optimizers[player].step()

    for _ in range(STEPS):
        real = ring.draw(BATCH, stream).flatten(1)
        step(0, real, points(BATCH).detach())
        step(1, real, points(BATCH))
    return ring.near(points(5000)[..., None, None])


def _mlp(inputs: int, outputs: int) -> nn.Sequential:
    hidden = [nn.Linear(inputs, WIDTH), nn.LeakyReLU(0.2), nn.Linear(WIDTH, WIDTH), nn.LeakyReLU(0.2)]
    return nn.Sequential(*hidden, nn.Linear(WIDTH, outputs))


EXERCISE = Exercise(
    observe,
    own_objective,
    {
        "Both losses push D's outputs the wrong way: "
        "D's loss must fall when its outputs rise on real images and fall on generated ones, "
        "and G wants the opposite.": lambda real, fake: own_objective(-real, -fake),
        "The losses are in the wrong order: return D's first, then G's.": lambda real, fake: (
            own_objective(real, fake)[1],
            own_objective(real, fake)[0],
        ),
    },
    seeds=(0,),
)
