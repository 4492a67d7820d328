"""The gradient penalty of DRAGAN."""

import torch

from gan_lightning import randomness
from gan_lightning.losses.input_gradients import InputGradientPenalty, input_gradients
from gan_lightning.types import Critic, Images, Rate, Scalar


class DRAGAN(InputGradientPenalty):
    """weight * mean (|grad D| - 1)^2 around the real images (Kodali et al. 2017, arXiv:1705.07215).

    Each point is a real image with noise from N(0, c I) added, where c = noise^2. The paper's weight is 10.

    Args:
        weight: what the penalty is multiplied by.
        noise: standard deviation of each pixel's noise; 0.25 is about half of that of images in [-1, 1].
    """

    def __init__(self, weight: Rate = 10.0, noise: Rate = 0.25) -> None:
        super().__init__(weight)
        self.noise = noise

    def __call__(self, critic: Critic, real: Images, fake: Images) -> Scalar:
        stream = randomness.shared(real.device)
        noise = randomness.of_global_batch(
            lambda n: torch.randn(n, *real.shape[1:], generator=stream, device=stream.device), len(real)
        )
        around = real + self.noise * noise.to(real)
        norms = torch.linalg.vector_norm(input_gradients(critic, around), dim=1)
        return self.weight * (norms - 1).square().mean()
