"""Exercise 8: CycleGAN's missing step.

A blog on CycleGAN shows how the discriminators learn, and leaves out the generators. They want each discriminator
to say 1 of the images made for it (least squares), and an image that is translated there and back to be what it
was (Zhu et al. 2017, arXiv:1703.10593, equations 2 and 3).

Grade it with `gan-lightning grade exercises/08_cyclegan_generator_loss.py`.
"""

import torch


def cyclegan_generator_loss(
    generator_xy: torch.nn.Module,
    generator_yx: torch.nn.Module,
    discriminator_x: torch.nn.Module,
    discriminator_y: torch.nn.Module,
    x: torch.Tensor,
    y: torch.Tensor,
) -> torch.Tensor:
    """Return the generators' loss: both least-squares terms, plus 10 times the mean absolute error of each cycle."""
    ...  # write it here
