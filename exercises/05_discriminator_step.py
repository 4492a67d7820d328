"""Exercise 5: the discriminator's step.

D learns to tell real images from generated ones, and G must not notice: its weights and its gradients stay as they
are. Several tutorials leave out the one word that sees to that.

Grade it with `gan-lightning grade exercises/05_discriminator_step.py`.
"""

import torch
from torch.nn import functional as F


def discriminator_step(
    generator: torch.nn.Module,
    discriminator: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    real: torch.Tensor,
    latents: torch.Tensor,
) -> None:
    """Update D once with cross-entropy: target 1 for `real`, 0 for what G makes of `latents`; both means are added.

    D returns raw outputs [N, 1], and the optimizer has D's weights.
    """
    ...  # write it here
