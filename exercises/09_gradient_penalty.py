"""Exercise 9: the gradient penalty.

WGAN-GP asks that D's gradient have length 1 on the lines between real and generated images (Gulrajani et al. 2017,
arXiv:1704.00028, equation 3). Each pair of images has an epsilon of its own, 1 at the real end of their line and 0
at the other, and a gradient of its own. A mistake here shows in no picture for a long time.

Grade it with `gan-lightning grade exercises/09_gradient_penalty.py`.
"""

import torch


def gradient_penalty(
    discriminator: torch.nn.Module, real: torch.Tensor, fake: torch.Tensor, epsilon: torch.Tensor
) -> torch.Tensor:
    """Return 10 times the mean of (|gradient| - 1)^2, from images [N, K] and epsilon [N]; D learns from it."""
    ...  # write it here
