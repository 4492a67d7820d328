"""Mean and covariance of features that come in batches."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Shaped

BLOCK = 1024
"""Rows are folded in by so many, whatever batches they come in, so that the batch size changes nothing."""


@dataclass
class Moments:
    """Count, mean [F] and scatter [F, F], the sum of outer products of deviations from the mean, in float64.

    Two of them are merged by the update of Chan, Golub and LeVeque (1979), which does not cancel as sums of squares do.
    """

    count: int
    mean: Float64[np.ndarray, " F"]
    scatter: Float64[np.ndarray, "F F"]

    @classmethod
    def none(cls, feature_dim: int) -> "Moments":
        """Of no features yet."""
        return cls(0, np.zeros(feature_dim), np.zeros((feature_dim, feature_dim)))

    @classmethod
    def of(cls, features: Shaped[np.ndarray, "B F"]) -> "Moments":
        """Of one block."""
        rows = features.astype(np.float64)
        mean = rows.mean(0)
        rows -= mean
        return cls(len(rows), mean, rows.T @ rows)

    def merge(self, other: "Moments") -> None:
        """Take in what another one has seen."""
        if not other.count:
            return
        total = self.count + other.count
        apart = other.mean - self.mean
        self.scatter += other.scatter
        self.scatter += np.outer(apart * (self.count * other.count / total), apart)
        self.mean = self.mean + apart * (other.count / total)
        self.count = total

    @property
    def covariance(self) -> Float64[np.ndarray, "F F"]:
        """The unbiased estimate."""
        return self.scatter / (self.count - 1)
