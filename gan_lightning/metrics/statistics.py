"""Statistics of a set of images that metrics compare: moments, features and logits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float32, Float64, Shaped
from torch import Tensor

from gan_lightning.metrics.extractors.extractor import Extracted, Extractor, Identity
from gan_lightning.metrics.images import to_levels
from gan_lightning.types import PositiveInt

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


Need = Literal["moments", "features", "logits"]
"""What a metric wants to know of real or generated images."""
KEPT = 50_000
"""Images of which features and logits are kept at most."""


class Statistics:
    """Of the images that went through one extractor, in the order they came.

    Moments take any number of images; of features and logits the first `kept` rows stay in memory.

    Args:
        extractor: who made the features.
        needs: what to gather.
        kept: rows of features and logits at most.
    """

    def __init__(self, extractor: Identity, needs: frozenset[Need], kept: PositiveInt = KEPT) -> None:
        self.extractor = extractor
        self.needs = needs
        self.kept = kept
        self.count = 0
        self._moments = Moments.none(extractor.feature_dim if "moments" in needs else 0)
        self._waiting: list[np.ndarray] = []
        self._features: list[Tensor] = []
        self._logits: list[Tensor] = []

    def add(self, batch: Extracted) -> None:
        """Take in a batch.

        Raises:
            ValueError: where logits are needed and the extractor has none.
        """
        features = batch.features.cpu()
        if "moments" in self.needs:
            self._waiting.append(features.numpy())
            self._fold(BLOCK)
        room = self._room
        if "features" in self.needs and room:
            self._features.append(_cut(features, room))
        if "logits" in self.needs:
            if batch.logits is None:
                raise ValueError(
                    "metric=inception_score and metric=modes need class logits, which extractor="
                    f"{self.extractor.name} has not; take extractor=inception or extractor=classifier"
                )
            if room:
                self._logits.append(_cut(batch.logits.cpu(), room))
        self.count += len(features)

    def merge(self, other: "Statistics") -> None:
        """Append what another one has seen."""
        assert (self.extractor, self.needs) == (other.extractor, other.needs)
        room = self._room
        self._fold(1)
        self._moments.merge(other.moments)
        for own, others in ((self._features, other._features), (self._logits, other._logits)):
            if others and room:
                own.append(_cut(_joined(others), room))
        self.count += other.count

    @property
    def moments(self) -> Moments:
        """Of all images."""
        self._fold(1)
        return self._moments

    @property
    def features(self) -> Float32[Tensor, "N F"]:
        """Of the images that are kept."""
        return _joined(self._features) if self._features else torch.empty(0, self.extractor.feature_dim)

    @property
    def logits(self) -> Float32[Tensor, "N K"]:
        """Of the images that are kept."""
        return _joined(self._logits) if self._logits else torch.empty(0, self.extractor.num_labels or 0)

    @property
    def _room(self) -> int:
        """Rows of features and logits that may still come."""
        return max(self.kept - self.count, 0)

    def _fold(self, at_least: int) -> None:
        """Take waiting rows into the moments, in whole blocks; with `at_least` 1 also what is left of one."""
        if sum(map(len, self._waiting)) < at_least or not self._waiting:
            return
        rows = np.concatenate(self._waiting)
        end = len(rows) if at_least == 1 else len(rows) // BLOCK * BLOCK
        for start in range(0, end, BLOCK):
            self._moments.merge(Moments.of(rows[start : min(start + BLOCK, end)]))
        self._waiting = [rows[end:]] if end < len(rows) else []

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything that was gathered, to be kept."""
        found: dict[str, np.ndarray] = {"count": np.array(self.count)}
        if "moments" in self.needs:
            found |= {"mean": self.moments.mean, "scatter": self.moments.scatter}
        if "features" in self.needs:
            found["features"] = self.features.numpy()
        if "logits" in self.needs:
            found["logits"] = self.logits.numpy()
        return found

    @classmethod
    def restored(
        cls, extractor: Identity, needs: frozenset[Need], kept: PositiveInt, arrays: Mapping[str, np.ndarray]
    ) -> "Statistics":
        """From what `arrays` gave; a KeyError where something needed was not gathered."""
        found = cls(extractor, needs, kept)
        found.count = int(arrays["count"])
        if "moments" in needs:
            found._moments = Moments(found.count, arrays["mean"], arrays["scatter"])
        if "features" in needs:
            found._features = [torch.from_numpy(arrays["features"])]
        if "logits" in needs:
            found._logits = [torch.from_numpy(arrays["logits"])]
        return found

    @classmethod
    def of(
        cls, images: Iterable[Tensor], extractor: Extractor, needs: frozenset[Need], kept: PositiveInt = KEPT
    ) -> "Statistics":
        """Of batches of images in [-1, 1] or bytes [B, 1 or 3, H, W], each of which is seen once."""
        found = cls(extractor.identity, needs, kept)
        for batch in images:
            found.add(extractor(to_levels(batch)))
        return found


def _cut(rows: Tensor, room: int) -> Tensor:
    """The first rows in memory of their own, for a view would keep the whole batch alive."""
    return rows if len(rows) <= room else rows[:room].clone()


def _joined(parts: list[Tensor]) -> Tensor:
    """All rows in one piece, which takes the place of its parts, so that they are copied once."""
    if len(parts) > 1:
        parts[:] = [torch.cat(parts)]
    return parts[0]
