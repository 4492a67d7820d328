"""Precision and recall."""

from gan_lightning.metrics import fidelity
from gan_lightning.metrics.metric import Metric
from gan_lightning.metrics.statistics import Statistics
from gan_lightning.types import PositiveInt


class PrecisionRecall(Metric):
    """The part of the fakes inside of the real images' neighbourhoods, and the other way round.

    Kynkaanniemi et al. 2019 (arXiv:1904.06991), with the extractor's features where the paper has VGG-16's. `precision`
    and `recall` with Inception, `precision_<name>` and `recall_<name>` with another extractor.

    Args:
        neighbours: how many of an image's own kind its neighbourhood reaches; 3 in the paper.
    """

    rising = ("precision", "recall")

    def __init__(self, neighbours: PositiveInt = 3) -> None:
        self.neighbours = neighbours

    @property
    def fewest(self) -> int:
        """An image and its neighbours."""
        return self.neighbours + 1

    def score(self, real: Statistics, fake: Statistics) -> dict[str, float]:
        found = fidelity.precision_recall(real.features, fake.features, self.neighbours)
        named = real.extractor.named
        return {named("precision"): found.precision, named("recall"): found.recall}
