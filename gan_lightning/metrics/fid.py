"""The Frechet distance, which is called FID with Inception's features."""

from gan_lightning.metrics import fidelity
from gan_lightning.metrics.metric import Metric, Score
from gan_lightning.metrics.statistics import Statistics


class FrechetDistance(Metric):
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) for the means m and the covariances C of the features.

    Heusel et al. 2017 (arXiv:1706.08500). The score is `fid` with Inception and `fd_<name>` with another extractor.

    >>> import torch
    >>> from gan_lightning.metrics.extractors.random import Random
    >>> images, extractor = torch.rand(64, 3, 16, 16) * 2 - 1, Random(width=4)
    >>> real = Statistics.from_images(images.split(16), extractor, FrechetDistance.real_inputs)
    >>> fake = Statistics.from_images([images / 2], extractor, FrechetDistance.fake_inputs)
    >>> (score,) = FrechetDistance()(real, fake)
    >>> score.name, score.value > 0.01
    ('fd_random', True)
    """

    real_inputs = fake_inputs = frozenset({"moments"})

    def compute(self, real: Statistics, fake: Statistics) -> list[Score]:
        distance = fidelity.frechet_distance(real.moments, fake.moments)
        return [Score(real.extractor.score_name("fid", "fd"), distance)]

    def extra_warnings(self, real: Statistics, fake: Statistics) -> list[str]:
        columns = real.extractor.feature_dim
        return [
            f"The covariance of {images.count:,} {which} images is singular because there are {columns:,} features."
            for which, images in (("real", real), ("generated", fake))
            if images.count <= columns
        ]
