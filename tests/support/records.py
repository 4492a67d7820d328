"""Records of two metrics on random images."""

import torch

from gan_lightning.evaluation.real_statistics import RealStatistics
from gan_lightning.evaluation.records import Context
from gan_lightning.evaluation.scorer import make_records, needs_of
from gan_lightning.metrics.extractors.random import Random
from gan_lightning.metrics.fid import FrechetDistance
from gan_lightning.metrics.kid import KernelDistance
from gan_lightning.metrics.statistics import Statistics

CONTEXT = Context("ema", "eval", 7, "32-true", 1000, 64_000, 0, "outputs/train/x")


def records(count=40):
    extractor = Random(width=4)
    metrics = {"fid": FrechetDistance(), "kid": KernelDistance(subsets=3, subset_size=20)}
    of_real, of_fake = needs_of(metrics)
    images = torch.rand(count, 1, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    real = RealStatistics(Statistics.from_images([images], extractor, of_real), "test", "abcdef")
    return make_records(
        metrics, real, Statistics.from_images([-images], extractor, of_fake), extractor, CONTEXT
    ), extractor
