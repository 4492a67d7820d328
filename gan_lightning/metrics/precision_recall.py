"""Precision and recall."""

from gan_lightning.metrics import fidelity
from gan_lightning.metrics.metric import Metric, Score
from gan_lightning.metrics.statistics import Statistics
from gan_lightning.types import PositiveInt


class PrecisionRecall(Metric):
    """The fraction of fakes inside the neighbourhoods of real images, and of real images inside those of fakes.

    Kynkaanniemi et al. 2019 (arXiv:1904.06991), with the extractor's features in place of the paper's VGG-16. Both
    scores are from 0 to 1. They are called `precision` and `recall` with Inception, `precision_<name>` and
    `recall_<name>` with another extractor.

    Args:
        neighbours: an image's neighbourhood reaches to this nearest neighbour in its own set; 3 in the paper.
    """

    def __init__(self, neighbours: PositiveInt = 3) -> None:
        self.neighbours = neighbours

    @property
    def min_images(self) -> int:
        """An image and its neighbours."""
        return self.neighbours + 1

    def compute(self, real: Statistics, fake: Statistics) -> list[Score]:
        values = fidelity.precision_recall(real.features, fake.features, self.neighbours)
        names = map(real.extractor.score_name, ("precision", "recall"))
        return [Score(name, value, "higher") for name, value in zip(names, values, strict=True)]
