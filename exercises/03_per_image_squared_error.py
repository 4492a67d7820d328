"""Exercise 3: shapes that broadcast without a word.

A discriminator's outputs have the shape [N, 1], and targets are often [N]. Their difference is then a matrix [N,
N]. With one target for all images its mean is right by luck, which is why one tutorial never noticed. Here each
image has a target of its own, as with noisy labels.

Grade it with `gan-lightning grade exercises/03_per_image_squared_error.py`.
"""

import torch


def per_image_squared_error(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the mean over the images of (output - target)^2, from outputs [N, 1] and targets [N]."""
    ...  # write it here
