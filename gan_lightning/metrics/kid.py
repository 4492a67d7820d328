"""The kernel distance, which is called KID with Inception's features."""

from typing import Annotated

from gan_lightning.metrics import fidelity
from gan_lightning.metrics.metric import Metric, Score
from gan_lightning.metrics.statistics import Statistics
from gan_lightning.types import PositiveInt
from gan_lightning.values import AtLeast


class KernelDistance(Metric):
    """The squared MMD of features with the kernel (x.y / F + 1)^3, unbiased and thus suited to small sets.

    Binkowski et al. 2018 (arXiv:1801.01401). The mean over random subsets is called `kid` with Inception and
    `kd_<name>` with another extractor, and the standard deviation over them `kid_std` or `kd_std_<name>`.

    Args:
        subsets: number of subsets.
        subset_size: images in each; at least 2 because a single image has no pair. A smaller set is taken whole.
    """

    is_biased = False

    def __init__(self, subsets: PositiveInt = 100, subset_size: Annotated[int, AtLeast(2)] = 1000) -> None:
        self.subsets = subsets
        self.subset_size = subset_size

    def compute(self, real: Statistics, fake: Statistics) -> list[Score]:
        size = min(self.subset_size, self._smaller_set(real, fake))
        mean, std = fidelity.kernel_distance(real.features, fake.features, self.subsets, size)
        distance = Score(real.extractor.score_name("kid", "kd"), mean)
        return [distance, Score(real.extractor.score_name("kid_std", "kd_std"), std, "neither", distance.name)]

    def extra_warnings(self, real: Statistics, fake: Statistics) -> list[str]:
        smaller = self._smaller_set(real, fake)
        if smaller >= self.subset_size:
            return []
        name = real.extractor.score_name("kid", "kd")
        is_real = self.num_used(real, self.real_inputs) == smaller
        which, more = ("real", "") if is_real else ("generated", "raise num_images, or ")
        return [
            f"{name} is taken over subsets of {smaller:,} images and not of subset_size={self.subset_size}, because "
            f"there are no more {which} ones; {more}compare it only with scores of as many."
        ]

    def _smaller_set(self, real: Statistics, fake: Statistics) -> int:
        return min(self.num_used(real, self.real_inputs), self.num_used(fake, self.fake_inputs))
