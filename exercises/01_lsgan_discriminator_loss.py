"""Exercise 1: from DCGAN to LSGAN.

The discriminator's loss of DCGAN is a cross-entropy on a sigmoid. LSGAN (Mao et al. 2017, arXiv:1611.04076) drops
the sigmoid and takes the squared distance of D's outputs to a target: 1 for real images, 0 for generated ones. The
course that asks for this writes the loss without the paper's factor of 1/2, and so should you.

Grade it with `gan-lightning grade exercises/01_lsgan_discriminator_loss.py`.
"""

import torch


def lsgan_discriminator_loss(real_logits: torch.Tensor, fake_logits: torch.Tensor) -> torch.Tensor:
    """Return D's loss, one number, from its outputs [N, 1] on N real and on N generated images."""
    ...  # write it here
