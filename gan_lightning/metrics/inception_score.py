"""The Inception score."""

from gan_lightning.metrics import fidelity
from gan_lightning.metrics.metric import Metric, Score
from gan_lightning.metrics.statistics import Statistics
from gan_lightning.types import PositiveInt


class InceptionScore(Metric):
    """exp E KL(p(y|x) || p(y)) for the classes of generated images; real images are not used.

    Salimans et al. 2016 (arXiv:1606.03498). The mean over the splits is called `inception_score` with Inception and
    `class_score_<name>` with another classifier, and the standard deviation over them `inception_score_std` or
    `class_score_std_<name>`.

    Args:
        splits: number of parts that the images are split into; 10 in the literature.
    """

    real_inputs = frozenset()
    fake_inputs = frozenset({"logits"})

    def __init__(self, splits: PositiveInt = 10) -> None:
        self.splits = splits

    @property
    def min_images(self) -> int:
        """Two images for each split, because the score of a single image is always 1."""
        return 2 * self.splits

    def compute(self, real: Statistics, fake: Statistics) -> list[Score]:
        mean, std = fidelity.inception_score(fake.logits, self.splits)
        score = Score(fake.extractor.score_name("inception_score", "class_score"), mean, "higher")
        deviation = fake.extractor.score_name("inception_score_std", "class_score_std")
        return [score, Score(deviation, std, "neither", score.name)]
