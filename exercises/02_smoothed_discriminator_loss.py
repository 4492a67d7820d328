"""Exercise 2: one-sided label smoothing.

A discriminator that is sure of itself teaches little. Salimans et al. 2016 (arXiv:1606.03498, section 3.4)
therefore lower the target of real images from 1 to 0.9 and leave that of generated images at 0. The blog that
shows it gives probabilities to a loss that wants raw outputs, and the factor to the wrong argument.

Grade it with `gan-lightning grade exercises/02_smoothed_discriminator_loss.py`.
"""

import torch
from torch.nn import functional as F


def smoothed_discriminator_loss(real_logits: torch.Tensor, fake_logits: torch.Tensor) -> torch.Tensor:
    """Return the cross-entropy of both batches, added up, from D's raw outputs [N, 1]."""
    ...  # write it here
