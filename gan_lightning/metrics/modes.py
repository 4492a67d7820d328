"""Mode coverage according to a classifier."""

import numpy as np
import torch

from gan_lightning.metrics.metric import Metric, Score
from gan_lightning.metrics.statistics import Statistics


class ModeCoverage(Metric):
    """The number of the data set's classes among generated images, and how far their shares are from the real ones.

    `modes_hit` counts the classes predicted both for a real and for a generated image. `modes_kl` is KL(fake || real)
    in nats between the histograms of predicted classes, 0 if they are equal, as reported on stacked MNIST by Srivastava
    et al. 2017 (arXiv:1705.07761). A class without real images counts as half a real image, which keeps the divergence
    finite.
    """

    real_inputs = fake_inputs = frozenset({"logits"})
    is_biased = False

    def compute(self, real: Statistics, fake: Statistics) -> list[Score]:
        """Return `modes_hit` and `modes_kl`.

        Raises:
            ValueError: if the extractor's logits are not those of the data set's classes.
        """
        if real.extractor.num_classes is None:
            raise ValueError(
                "metric=modes needs logits of the data set's own classes; "
                f"got extractor={real.extractor.name}: use extractor=classifier"
            )
        real_counts, fake_counts = _class_counts(real), _class_counts(fake)
        real_shares = np.maximum(real_counts, 0.5) / np.maximum(real_counts, 0.5).sum()
        shown = fake_counts > 0
        fake_shares = fake_counts[shown] / fake_counts.sum()
        return [
            Score("modes_hit", float((shown & (real_counts > 0)).sum()), "higher"),
            Score("modes_kl", float((fake_shares * np.log(fake_shares / real_shares[shown])).sum())),
        ]

    def extra_warnings(self, real: Statistics, fake: Statistics) -> list[str]:
        count, classes = self.num_used(fake, self.fake_inputs), real.extractor.num_classes or 0
        if count >= 10 * classes:
            return []
        return [
            f"ModeCoverage may miss some of {classes} classes by chance because there are only {count:,} generated "
            "images, fewer than ten for each class."
        ]


def _class_counts(images: Statistics) -> np.ndarray:
    predicted = images.logits.argmax(1)
    return torch.bincount(predicted, minlength=images.logits.shape[1]).numpy()
