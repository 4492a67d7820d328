"""The Inception score."""

from gan_lightning.metrics import fidelity
from gan_lightning.metrics.metric import Metric
from gan_lightning.metrics.statistics import Statistics
from gan_lightning.types import PositiveInt


class InceptionScore(Metric):
    """exp E KL(p(y|x) || p(y)) of the fakes' classes (Salimans et al. 2016, arXiv:1606.03498); sees no real image.

    With Inception it is `inception_score`; with another classifier `class_score_<name>`. Its standard deviation over
    the splits is a second score.

    Args:
        splits: parts of the images, over which the mean is taken; 10 in the literature.
    """

    rising = ("inception_score", "class_score")
    needs_of_real = frozenset()
    needs_of_fake = frozenset({"logits"})

    def __init__(self, splits: PositiveInt = 10) -> None:
        self.splits = splits

    @property
    def fewest(self) -> int:
        """Two in each split, for one image alone scores 1 whatever it is."""
        return 2 * self.splits

    def score(self, real: Statistics, fake: Statistics) -> dict[str, float]:
        found = fidelity.inception_score(fake.logits, self.splits)
        named = fake.extractor.named
        return {
            named("inception_score", "class_score"): found.mean,
            named("inception_score_std", "class_score_std"): found.std,
        }
