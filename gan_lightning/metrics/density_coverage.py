"""Density and coverage."""

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from gan_lightning.metrics.metric import Metric, Score
from gan_lightning.metrics.statistics import Statistics
from gan_lightning.types import PositiveInt

BLOCK_SIZE = 1024
"""Rows of the matrix of distances that are in memory at a time."""


class DensityCoverage(Metric):
    """The number of real neighbourhoods that a fake lies in, and the fraction of them that contain a fake.

    Naeem et al. 2020 (arXiv:2002.09797). Density is expected to be 1 if both sets come from one distribution and may
    exceed it; coverage is from 0 to 1. The scores are `density` and `coverage` with Inception, `density_<name>` and
    `coverage_<name>` with another extractor.

    Args:
        neighbours: a real image's neighbourhood reaches to this nearest neighbour among real images; 5 in the paper.
    """

    def __init__(self, neighbours: PositiveInt = 5) -> None:
        self.neighbours = neighbours

    @property
    def min_images(self) -> int:
        """An image and its neighbours."""
        return self.neighbours + 1

    def compute(self, real: Statistics, fake: Statistics) -> list[Score]:
        values = density_coverage(real.features, fake.features, self.neighbours)
        names = map(real.extractor.score_name, ("density", "coverage"))
        return [Score(name, value, "higher") for name, value in zip(names, values, strict=True)]


def density_coverage(
    real: Float[Tensor, "N F"], fake: Float[Tensor, "M F"], neighbours: PositiveInt
) -> tuple[float, float]:
    """Compute equations 3 and 4 of the paper in float64; a fake at the edge of a neighbourhood is inside."""
    real, fake = real.double(), fake.double()
    inside, covered = 0, 0
    for rows in real.split(BLOCK_SIZE):
        near = torch.cdist(rows, fake) <= _radii(rows, real, neighbours)[:, None]
        inside += int(near.sum())
        covered += int(near.any(1).sum())
    return inside / (neighbours * len(fake)), covered / len(real)


def _radii(rows: Float64[Tensor, "B F"], real: Float64[Tensor, "N F"], neighbours: int) -> Float64[Tensor, " B"]:
    """Return each row's distance to its k-th nearest other image, k being the number of neighbours."""
    # One more, because the nearest image to a row is the row itself at distance 0.
    return torch.cdist(rows, real).kthvalue(neighbours + 1, dim=1).values
