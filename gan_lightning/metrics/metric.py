"""The base class of metrics and the scores that they return."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from gan_lightning.metrics.statistics import StatisticKind, Statistics
from gan_lightning.values import Better

BIAS_BELOW = 10_000
"""The number of images that the authors of FID recommend at least."""


class Score(NamedTuple):
    """One value of a metric.

    Args:
        name: the name in the literature, such as `fid`, with Inception; else one that ends in the extractor's name.
        value: the score itself.
        better: which values are better; neither for a standard deviation.
        deviation_of: name of the score whose standard deviation this is; None for all others.
    """

    name: str
    value: float
    better: Better = "lower"
    deviation_of: str | None = None


class Metric(ABC):
    """A comparison of real and generated images by their statistics.

    A new metric is a class with `compute` and a YAML file in `conf/metric/`:

    >>> class MeanDistance(Metric):
    ...     def compute(self, real, fake):
    ...         distance = (real.features.mean(0) - fake.features.mean(0)).norm()
    ...         return [Score(real.extractor.score_name("mean_distance"), distance.item())]
    >>> import torch
    >>> from gan_lightning.metrics.extractors.random import Random
    >>> real, fake = torch.ones(8, 3, 16, 16), torch.zeros(8, 3, 16, 16)
    >>> features = [Statistics.from_images([images], Random(), frozenset({"features"})) for images in (real, fake)]
    >>> (score,) = MeanDistance()(*features)
    >>> score.name, score.value > 0
    ('mean_distance_random', True)
    """

    real_inputs: ClassVar[frozenset[StatisticKind]] = frozenset({"features"})
    """The statistics of real images that the metric needs; empty if it looks at generated images alone."""
    fake_inputs: ClassVar[frozenset[StatisticKind]] = frozenset({"features"})
    """The statistics of generated images that the metric needs."""
    is_biased: ClassVar[bool] = True
    """Whether the expected value of the scores depends on the number of images."""

    @property
    def settings(self) -> dict[str, int]:
        """The arguments that the metric was constructed with."""
        return dict(vars(self))

    @property
    def min_images(self) -> int:
        """The smallest number of real and of generated images for which the metric is defined."""
        return 2

    @abstractmethod
    def compute(self, real: Statistics, fake: Statistics) -> list[Score]:
        """Return the scores; `ExtractorIdentity.score_name` makes their names."""

    def extra_warnings(self, real: Statistics, fake: Statistics) -> list[str]:
        """Return sentences, particular to the metric, that a reader of the scores should know."""
        return []

    def __call__(self, real: Statistics, fake: Statistics) -> list[Score]:
        """Return the scores of generated images compared with real images.

        Raises:
            ValueError: if there are too few images, or if the features come from two extractors.
        """
        if real.extractor != fake.extractor:
            raise ValueError(
                "real and generated images must go through the same extractor; "
                f"got {real.extractor} and {fake.extractor}"
            )
        for which, images, kinds in self._inputs(real, fake):
            count = self.num_used(images, kinds)
            if count < self.min_images:
                raise ValueError(f"{type(self).__name__} needs at least {self.min_images} {which} images; got {count}")
        return self.compute(real, fake)

    def warnings(self, scores: Sequence[Score], real: Statistics, fake: Statistics) -> list[str]:
        """Return what a reader of the scores should know, in sentences.

        Args:
            scores: the metric's scores of these images.
            real: the statistics of the real images.
            fake: the statistics of the generated images.
        """
        sentences = self.extra_warnings(real, fake)
        counts = {which: self.num_used(images, kinds) for which, images, kinds in self._inputs(real, fake)}
        if self.is_biased and min(counts.values()) < BIAS_BELOW:
            names = " and ".join(score.name for score in scores if score.deviation_of is None)
            numbers = " and ".join(f"{count:,} {which}" for which, count in counts.items())
            sentences.append(
                f"{names} depends on the number of images, here {numbers} ones; compare it only with scores of as many."
            )
        constant = (which for which, images, _ in self._inputs(real, fake) if _is_constant(images))
        return [*sentences, *(f"All {which} images have the same features." for which in constant)]

    @staticmethod
    def num_used(images: Statistics, kinds: frozenset[StatisticKind]) -> int:
        """Return how many of the images are used: all for moments, at most `max_rows` for features and logits."""
        return images.count if "moments" in kinds else min(images.count, images.max_rows)

    def _inputs(self, real: Statistics, fake: Statistics) -> list[tuple[str, Statistics, frozenset[StatisticKind]]]:
        """Return the images that the metric looks at, by name, with the kinds of statistics that it needs of them."""
        both = [("real", real, self.real_inputs), ("generated", fake, self.fake_inputs)]
        return [each for each in both if each[2]]


def _is_constant(images: Statistics) -> bool:
    """Return whether the features do not vary; a distance between such sets is a number without meaning."""
    if "moments" in images.kinds:
        scale = max(float(abs(images.moments.mean).max()), 1e-12)
        variance = images.moments.scatter.diagonal().max() / max(images.count, 1)
        return bool(variance <= (1e-6 * scale) ** 2)
    rows = images.features if "features" in images.kinds else images.logits
    return len(rows) > 0 and bool((rows - rows[0]).abs().max() <= 1e-6 * rows.abs().max())
