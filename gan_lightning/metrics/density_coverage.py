"""Density and coverage."""

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from gan_lightning.metrics.metric import Metric
from gan_lightning.metrics.statistics import Statistics
from gan_lightning.types import PositiveInt

BLOCK = 1024
"""Rows of the matrix of distances that are held at a time."""


class DensityCoverage(Metric):
    """How many real neighbourhoods a fake lies in, and how many have a fake (Naeem et al. 2020, arXiv:2002.09797).

    Density is 1 in expectation where both sets are of one distribution, and may be more; coverage is a part of the real
    images. `density` and `coverage` with Inception, `density_<name>` and `coverage_<name>` with another extractor.

    Args:
        neighbours: how many real images a real image's neighbourhood reaches; 5 in the paper.
    """

    rising = ("density", "coverage")

    def __init__(self, neighbours: PositiveInt = 5) -> None:
        self.neighbours = neighbours

    @property
    def fewest(self) -> int:
        """An image and its neighbours."""
        return self.neighbours + 1

    def score(self, real: Statistics, fake: Statistics) -> dict[str, float]:
        density, coverage = density_coverage(real.features, fake.features, self.neighbours)
        named = real.extractor.named
        return {named("density"): density, named("coverage"): coverage}


def density_coverage(
    real: Float[Tensor, "N F"], fake: Float[Tensor, "M F"], neighbours: PositiveInt
) -> tuple[float, float]:
    """Equations 3 and 4 of the paper, in float64; a fake on the rim of a neighbourhood is inside."""
    real, fake = real.double(), fake.double()
    inside, covered = 0, 0
    for rows in real.split(BLOCK):
        near = torch.cdist(rows, fake) <= _reach(rows, real, neighbours)[:, None]
        inside += int(near.sum())
        covered += int(near.any(1).sum())
    return inside / (neighbours * len(fake)), covered / len(real)


def _reach(rows: Float64[Tensor, "B F"], real: Float64[Tensor, "N F"], neighbours: int) -> Float64[Tensor, " B"]:
    """The distance to the nearest, second nearest ... real image; the image itself, at distance 0, does not count."""
    return torch.cdist(rows, real).kthvalue(neighbours + 1, dim=1).values
