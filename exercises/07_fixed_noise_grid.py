"""Exercise 7: a grid in the middle of training.

In train mode batch norm uses the statistics of the batch at hand, so an image of the grid depends on its
neighbours, and the running statistics take the grid's noise in. Most tutorials make their pictures so.

Grade it with `gan-lightning grade exercises/07_fixed_noise_grid.py`.
"""

import torch


def fixed_noise_grid(generator: torch.nn.Module, latents: torch.Tensor) -> torch.Tensor:
    """Return what G makes of `latents` in eval mode, without a graph; training goes on as if nothing had been."""
    ...  # write it here
