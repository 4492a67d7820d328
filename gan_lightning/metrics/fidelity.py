"""torch-fidelity's functions on features: the only file that knows their names, keywords and results.

Random subsets and orders are drawn from `SEED`, torch-fidelity's default, so scores equal those of its command line.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64
from torch import Tensor
from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_statistics_to_metric
from torch_fidelity.metric_isc import KEY_METRIC_ISC_MEAN, KEY_METRIC_ISC_STD, isc_features_to_metric
from torch_fidelity.metric_kid import KEY_METRIC_KID_MEAN, KEY_METRIC_KID_STD, kid_features_to_metric
from torch_fidelity.metric_prc import KEY_METRIC_PRECISION, KEY_METRIC_RECALL, prc_features_to_metric

from gan_lightning.metrics.statistics import Moments
from gan_lightning.types import PositiveInt

RealFeatures = Float32[Tensor, "N F"]
FakeFeatures = Float32[Tensor, "M F"]
SEED = 2020
MAX_FULL_DISTANCES = 10_000
"""The largest set whose matrix of distances is held whole; it takes N * N * 4 bytes twice."""


class MeanStd(NamedTuple):
    """The mean and the standard deviation of a score over splits or subsets of the images."""

    mean: float
    std: float


def frechet_distance(real: Moments, fake: Moments) -> float:
    """Compute the squared 2-Wasserstein distance of two Gaussians with these moments."""

    def plain(moments: Moments) -> dict[str, Float64[np.ndarray, "..."]]:
        return {"mu": moments.mean, "sigma": moments.covariance}

    return fid_statistics_to_metric(plain(fake), plain(real), False)[KEY_METRIC_FID]


def inception_score(logits: Float32[Tensor, "N K"], splits: PositiveInt) -> MeanStd:
    """Compute exp E KL(p(y|x) || p(y)) over splits of a shuffled order."""
    found = isc_features_to_metric(logits, splits, True, SEED)
    return MeanStd(found[KEY_METRIC_ISC_MEAN], found[KEY_METRIC_ISC_STD])


def kernel_distance(real: RealFeatures, fake: FakeFeatures, subsets: PositiveInt, subset_size: PositiveInt) -> MeanStd:
    """Compute the unbiased squared MMD with the cubic kernel over random subsets."""
    options = {"kid_subsets": subsets, "kid_subset_size": subset_size, "rng_seed": SEED, "verbose": False}
    found = kid_features_to_metric(fake, real, **options)
    return MeanStd(found[KEY_METRIC_KID_MEAN], found[KEY_METRIC_KID_STD])


def precision_recall(real: RealFeatures, fake: FakeFeatures, neighbours: PositiveInt) -> tuple[float, float]:
    """Compute the fraction of fakes close to real images, and the fraction of real images close to fakes."""
    in_parts = max(len(real), len(fake)) > MAX_FULL_DISTANCES
    found = prc_features_to_metric(fake, real, prc_neighborhood=neighbours, save_cpu_ram=in_parts, verbose=False)
    return found[KEY_METRIC_PRECISION], found[KEY_METRIC_RECALL]
