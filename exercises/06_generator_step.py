"""Exercise 6: the generator's step.

G wants D to take its images for real. Goodfellow et al. 2014 (arXiv:1406.2661, section 3) minimise -log D(G(z))
instead of log(1 - D(G(z))), whose gradient vanishes while D is right, and that is at the beginning of training.

Grade it with `gan-lightning grade exercises/06_generator_step.py`.
"""

import torch
from torch.nn import functional as F


def generator_step(
    generator: torch.nn.Module,
    discriminator: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    latents: torch.Tensor,
) -> None:
    """Update G once so that D says 1 of what G makes of `latents`; D's weights stay as they are.

    D returns raw outputs [N, 1], and the optimizer has G's weights.
    """
    ...  # write it here
