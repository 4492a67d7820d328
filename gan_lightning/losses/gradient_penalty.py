"""The gradient penalty of WGAN-GP."""

import torch

from gan_lightning import randomness
from gan_lightning.losses.input_gradients import InputGradientPenalty, input_gradients
from gan_lightning.types import Critic, Images, Scalar


class GradientPenalty(InputGradientPenalty):
    """weight * mean (|grad D| - 1)^2 between real and fake (Gulrajani et al. 2017, arXiv:1704.00028, equation 3).

    Each point lies on the line from a real to a fake image, at a place uniform in [0, 1). The paper's weight is 10.
    """

    def __call__(self, critic: Critic, real: Images, fake: Images) -> Scalar:
        stream = randomness.shared(real.device)
        place = randomness.of_global_batch(
            lambda n: torch.rand(n, 1, 1, 1, generator=stream, device=stream.device), len(real)
        )
        between = real.lerp(fake.to(real), place.to(real))
        norms = torch.linalg.vector_norm(input_gradients(critic, between), dim=1)
        return self.weight * (norms - 1).square().mean()
