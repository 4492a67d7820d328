"""The Frechet distance."""

from gan_lightning.metrics import fidelity
from gan_lightning.metrics.metric import Metric
from gan_lightning.metrics.statistics import Statistics


class FrechetDistance(Metric):
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) of the features' means and covariances.

    With Inception it is FID (Heusel et al. 2017, arXiv:1706.08500), called `fid`; with another extractor `fd_<name>`.
    """

    needs_of_real = needs_of_fake = frozenset({"moments"})

    def score(self, real: Statistics, fake: Statistics) -> dict[str, float]:
        return {real.extractor.named("fid", "fd"): fidelity.frechet_distance(real.moments, fake.moments)}

    def notes(self, real: Statistics, fake: Statistics) -> list[str]:
        columns = real.extractor.feature_dim
        return [
            f"{images.count:,} {what} images for {columns:,} features: the covariance is singular."
            for what, images in (("real", real), ("generated", fake))
            if images.count <= columns
        ]
