"""Targets of the shape [N] beside outputs of the shape [N, 1], which broadcast to a matrix [N, N] without a word."""

import torch
from torch import Tensor

from gan_lightning.grading.exercise import Exercise, Function, Observation, loss_and_gradients


def per_image_squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the mean of (D(x_i) - t_i)^2 over the images i."""
    return (outputs.flatten() - targets).square().mean()


def observe(answer: Function, seed: int) -> Observation:
    """Return the loss of outputs [6, 1] with six different targets [6], and its gradients."""
    stream = torch.Generator().manual_seed(seed)
    outputs, targets = torch.randn(6, 1, generator=stream), 0.7 + 0.5 * torch.rand(6, generator=stream)
    return loss_and_gradients(answer, outputs=outputs, targets=targets)


EXERCISE = Exercise(
    observe,
    per_image_squared_error,
    {
        "Outputs [N, 1] minus targets [N] is a matrix [N, N], every output beside every target: "
        "give both one shape first.": (lambda outputs, targets: (outputs - targets).square().mean()),
        "Each image has a target of its own; this takes their mean for all.": lambda outputs, targets: (
            (outputs - targets.mean()).square().mean()
        ),
        "Take the mean of the squares, not the square of the mean.": lambda outputs, targets: (
            (outputs.flatten() - targets).mean().square()
        ),
        "Take squares, not absolute values.": lambda outputs, targets: (outputs.flatten() - targets).abs().mean(),
        "Take the mean over the images instead of the sum.": lambda outputs, targets: (
            (outputs.flatten() - targets).square().sum()
        ),
    },
)
