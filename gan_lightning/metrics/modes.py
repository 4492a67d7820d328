"""Mode coverage by a classifier."""

import numpy as np
import torch

from gan_lightning.metrics.metric import Metric
from gan_lightning.metrics.statistics import Statistics


class Modes(Metric):
    """How many of the data set's classes the fakes show, and how evenly.

    `modes_hit` counts classes, predicted for real images, that are predicted for at least one fake. `modes_kl` is
    KL(fake || real) between the histograms of predicted classes, 0 where they agree (as on stacked MNIST, Srivastava et
    al. 2017, arXiv:1705.07761); a class without real images counts as half of one, so that it stays finite.

    Raises:
        ValueError: where the extractor's logits are not of the data set's classes.
    """

    rising = ("modes_hit",)
    needs_of_real = needs_of_fake = frozenset({"logits"})
    is_biased = False

    def score(self, real: Statistics, fake: Statistics) -> dict[str, float]:
        if real.extractor.num_labels is None:
            raise ValueError(
                "metric=modes needs logits of the data set's own classes; "
                f"got extractor={real.extractor.name}: take extractor=classifier"
            )
        of_real, of_fake = _histogram(real), _histogram(fake)
        share_of_real = np.maximum(of_real, 0.5) / np.maximum(of_real, 0.5).sum()
        share = of_fake[of_fake > 0] / of_fake.sum()
        return {
            "modes_hit": float(((of_fake > 0) & (of_real > 0)).sum()),
            "modes_kl": float((share * np.log(share / share_of_real[of_fake > 0])).sum()),
        }

    def notes(self, real: Statistics, fake: Statistics) -> list[str]:
        """Too few fakes miss classes by chance."""
        count, classes = self.used(fake, self.needs_of_fake), real.extractor.num_labels or 0
        if count >= 10 * classes:
            return []
        return [
            f"Modes of {count:,} generated images, under ten for each of {classes} classes, may miss some by chance."
        ]


def _histogram(images: Statistics) -> np.ndarray:
    predicted = images.logits.argmax(1)
    return torch.bincount(predicted, minlength=images.logits.shape[1]).numpy()
