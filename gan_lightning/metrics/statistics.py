"""Statistics of a set of images that metrics compare: moments, features and logits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float32, Float64, Shaped
from torch import Tensor

from gan_lightning.metrics.extractors.extractor import Extractor, ExtractorIdentity, ExtractorOutput
from gan_lightning.metrics.images import to_uint8
from gan_lightning.types import PositiveInt

StatisticKind = Literal["moments", "features", "logits"]
"""What a metric may need to know about real or generated images."""
MAX_ROWS = 50_000
"""The default limit of images whose features and logits are kept in memory."""
BLOCK_SIZE = 1024
"""Moments are computed over blocks of this many rows, so they do not depend on the batch size, not even in a bit."""


@dataclass
class Moments:
    """Mean and scatter of features in float64.

    Two instances are merged by the update of Chan, Golub and LeVeque (1979), which avoids the cancellation that sums of
    squares suffer from.

    Args:
        count: number of images.
        mean: [F].
        scatter: [F, F], the sum of the outer products of deviations from the mean.
    """

    count: int
    mean: Float64[np.ndarray, " F"]
    scatter: Float64[np.ndarray, "F F"]

    @classmethod
    def empty(cls, feature_dim: int) -> "Moments":
        """Return the moments of no images."""
        return cls(0, np.zeros(feature_dim), np.zeros((feature_dim, feature_dim)))

    @classmethod
    def from_features(cls, features: Shaped[np.ndarray, "B F"]) -> "Moments":
        """Compute the moments of at least one row of features."""
        rows = features.astype(np.float64)
        mean = rows.mean(0)
        rows -= mean
        return cls(len(rows), mean, rows.T @ rows)

    def merge(self, other: "Moments") -> None:
        """Add the images of another instance to this one."""
        if not other.count:
            return
        total = self.count + other.count
        difference = other.mean - self.mean
        self.scatter += other.scatter
        self.scatter += np.outer(difference * (self.count * other.count / total), difference)
        self.mean = self.mean + difference * (other.count / total)
        self.count = total

    @property
    def covariance(self) -> Float64[np.ndarray, "F F"]:
        """The unbiased estimate of the covariance, for at least two images."""
        return self.scatter / (self.count - 1)


class Statistics:
    """Statistics of images that went through one extractor, in the order in which they were added.

    Moments cover all images; of features and logits only the first `max_rows` rows are kept. Each image has one row.

    Args:
        extractor: identity of the extractor that computed the features.
        kinds: which statistics to collect.
        max_rows: largest number of rows of features and logits in memory.
    """

    def __init__(
        self, extractor: ExtractorIdentity, kinds: frozenset[StatisticKind], max_rows: PositiveInt = MAX_ROWS
    ) -> None:
        self.extractor = extractor
        self.kinds = kinds
        self.max_rows = max_rows
        self.count = 0
        self._moments = Moments.empty(extractor.feature_dim if "moments" in kinds else 0)
        self._pending: list[np.ndarray] = []
        self._features: list[Tensor] = []
        self._logits: list[Tensor] = []

    @classmethod
    def from_images(
        cls,
        images: Iterable[Tensor],
        extractor: Extractor,
        kinds: frozenset[StatisticKind],
        max_rows: PositiveInt = MAX_ROWS,
    ) -> "Statistics":
        """Collect the statistics of batches of images in one pass.

        Args:
            images: batches [B, 1 or 3, H, W], floats in [-1, 1] or uint8.
            extractor: computes the features.
            kinds: which statistics to collect.
            max_rows: largest number of rows of features and logits in memory.

        Raises:
            ValueError: if images or features are not finite, images are out of range, or logits are missing.
        """
        statistics = cls(extractor.identity, kinds, max_rows)
        for batch in images:
            statistics.add(extractor(to_uint8(batch)))
        return statistics

    @classmethod
    def from_arrays(
        cls,
        extractor: ExtractorIdentity,
        kinds: frozenset[StatisticKind],
        max_rows: PositiveInt,
        arrays: Mapping[str, np.ndarray],
    ) -> "Statistics":
        """Restore statistics from what `to_arrays` returned.

        Raises:
            KeyError: if one of the kinds is not among the arrays.
        """
        statistics = cls(extractor, kinds, max_rows)
        statistics.count = int(arrays["count"])
        if "moments" in kinds:
            statistics._moments = Moments(statistics.count, arrays["mean"], arrays["scatter"])
        if "features" in kinds:
            statistics._features = [torch.from_numpy(arrays["features"])]
        if "logits" in kinds:
            statistics._logits = [torch.from_numpy(arrays["logits"])]
        return statistics

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return all collected arrays by their names, which `from_arrays` turns into statistics again."""
        arrays: dict[str, np.ndarray] = {"count": np.array(self.count)}
        if "moments" in self.kinds:
            arrays |= {"mean": self.moments.mean, "scatter": self.moments.scatter}
        if "features" in self.kinds:
            arrays["features"] = self.features.numpy()
        if "logits" in self.kinds:
            arrays["logits"] = self.logits.numpy()
        return arrays

    def add(self, batch: ExtractorOutput) -> None:
        """Add a batch of images.

        Raises:
            ValueError: if logits are to be collected and the extractor gives none.
        """
        features = batch.features.cpu()
        if "moments" in self.kinds:
            self._pending.append(features.numpy())
            self._update_moments(whole_blocks=True)
        room = self._rows_left
        if "features" in self.kinds and room:
            self._features.append(_first_rows(features, room))
        if "logits" in self.kinds:
            if batch.logits is None:
                raise ValueError(
                    "metric=inception_score and metric=modes need class logits, but extractor="
                    f"{self.extractor.name} gives none; use extractor=inception or extractor=classifier"
                )
            if room:
                self._logits.append(_first_rows(batch.logits.cpu(), room))
        self.count += len(features)

    def merge(self, other: "Statistics") -> None:
        """Append the images of another instance with the same extractor and kinds."""
        assert (self.extractor, self.kinds) == (other.extractor, other.kinds)
        room = self._rows_left
        self._update_moments()
        self._moments.merge(other.moments)
        for own, others in ((self._features, other._features), (self._logits, other._logits)):
            if others and room:
                own.append(_first_rows(_concatenate(others), room))
        self.count += other.count

    @property
    def moments(self) -> Moments:
        """Moments of all images."""
        self._update_moments()
        return self._moments

    @property
    def features(self) -> Float32[Tensor, "N F"]:
        """Features of the first `max_rows` images."""
        return _concatenate(self._features) if self._features else torch.empty(0, self.extractor.feature_dim)

    @property
    def logits(self) -> Float32[Tensor, "N K"]:
        """Class logits of the first `max_rows` images."""
        return _concatenate(self._logits) if self._logits else torch.empty(0, self.extractor.num_classes or 0)

    @property
    def _rows_left(self) -> int:
        """The number of rows of features and logits that may still be added."""
        return max(self.max_rows - self.count, 0)

    def _update_moments(self, whole_blocks: bool = False) -> None:
        """Move pending rows into the moments: all of them, or whole blocks only."""
        pending = sum(map(len, self._pending))
        if pending < (BLOCK_SIZE if whole_blocks else 1):
            return
        rows = np.concatenate(self._pending)
        end = pending // BLOCK_SIZE * BLOCK_SIZE if whole_blocks else pending
        for start in range(0, end, BLOCK_SIZE):
            self._moments.merge(Moments.from_features(rows[start : min(start + BLOCK_SIZE, end)]))
        self._pending = [rows[end:]] if end < pending else []


def _first_rows(rows: Tensor, count: int) -> Tensor:
    """Copy the first rows, because a view would keep the whole batch in memory."""
    return rows if len(rows) <= count else rows[:count].clone()


def _concatenate(parts: list[Tensor]) -> Tensor:
    """Return all rows as one tensor, which replaces the parts in the list, so that rows are copied only once."""
    if len(parts) > 1:
        parts[:] = [torch.cat(parts)]
    return parts[0]
