"""Paths between latents: straight lines, and arcs, on which latents are as long as those of a normal distribution."""

from collections.abc import Callable
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor

Point = Float[Tensor, " D"]
Between = Callable[[Point, Point, int], Float[Tensor, "S D"]]
"""Returns the given number of points from one to another, both included."""

PARALLEL = 1e-6
"""The sine of an angle below which an arc is a line."""


def lerp(start: Point, end: Point, steps: int) -> Float[Tensor, "S D"]:
    """Return evenly spaced points on the line from one point to another, both included."""
    share = torch.linspace(0, 1, steps, dtype=torch.float64)[:, None]
    return ((1 - share) * start.double() + share * end.double()).to(start.dtype)


def slerp(start: Point, end: Point, steps: int) -> Float[Tensor, "S D"]:
    """Return points on the arc from one point to another, both included, at evenly spaced angles.

    Long vectors of normal numbers all have nearly the same length, and the middle of a line between two of them is
    much shorter, so a generator has seen nothing like it; the middle of the arc is as long as its ends. Where the ends
    point in the same direction or in opposite ones, the arc is a line. Sources: Shoemake 1985, "Animating rotation with
    quaternion curves", section 3.3; White 2016, arXiv:1609.04468, section 2.1.
    """
    one, other = start.double(), end.double()
    angle = torch.arccos((one @ other / (one.norm() * other.norm())).clamp(-1, 1))
    if not angle.sin() > PARALLEL:  # also where one of them has no direction
        return lerp(start, end, steps)
    share = torch.linspace(0, 1, steps, dtype=torch.float64)[:, None]
    arc = ((1 - share) * angle).sin() * one + (share * angle).sin() * other
    return (arc / angle.sin()).to(start.dtype)


def path(points: Float[Tensor, "P D"], steps: int, between: Between) -> Float[Tensor, "_ S D"]:
    """Return the points between each two that follow one another, both included, [P - 1, steps, D].

    Examples:
        >>> path(torch.tensor([[0.0], [1.0], [3.0]]), 3, lerp).squeeze(2)
        tensor([[0.0000, 0.5000, 1.0000],
                [1.0000, 2.0000, 3.0000]])

    Args:
        points: the points in the order in which they are visited, at least two.
        steps: how many points each part of the path has.
        between: `lerp` or `slerp`.
    """
    return torch.stack([between(start, end, steps) for start, end in pairwise(points)])
