"""The kernel distance."""

from typing import Annotated

from gan_lightning.metrics import fidelity
from gan_lightning.metrics.metric import Metric
from gan_lightning.metrics.statistics import Statistics
from gan_lightning.types import AtLeast, PositiveInt


class KernelDistance(Metric):
    """The squared MMD with kernel (x.y / F + 1)^3, unbiased, so fit for small sets.

    With Inception it is KID (Binkowski et al. 2018, arXiv:1801.01401), called `kid`; with another extractor
    `kd_<name>`. Its standard deviation over the subsets is a second score.

    Args:
        subsets: over which the mean is taken.
        subset_size: images in each, at least 2, for one alone has no pair; of smaller sets all.
    """

    is_biased = False

    def __init__(self, subsets: PositiveInt = 100, subset_size: Annotated[int, AtLeast(2)] = 1000) -> None:
        self.subsets = subsets
        self.subset_size = subset_size

    def score(self, real: Statistics, fake: Statistics) -> dict[str, float]:
        size = min(self.subset_size, self._smaller(real, fake))
        found = fidelity.kernel_distance(real.features, fake.features, self.subsets, size)
        named = real.extractor.named
        return {named("kid", "kd"): found.mean, named("kid_std", "kd_std"): found.std}

    def notes(self, real: Statistics, fake: Statistics) -> list[str]:
        smaller = self._smaller(real, fake)
        if smaller >= self.subset_size:
            return []
        return [f"KernelDistance took subsets of {smaller:,} images, for there are no {self.subset_size:,}."]

    def _smaller(self, real: Statistics, fake: Statistics) -> int:
        return min(self.used(real, self.needs_of_real), self.used(fake, self.needs_of_fake))
