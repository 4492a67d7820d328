"""Statistics and scores in closed form, and the warnings and errors for input that scores mean nothing for."""

import math

import numpy as np
import pytest
import torch

from gan_lightning.metrics.density_coverage import DensityCoverage, density_coverage
from gan_lightning.metrics.extractors.extractor import ExtractorIdentity, ExtractorOutput
from gan_lightning.metrics.fid import FrechetDistance
from gan_lightning.metrics.inception_score import InceptionScore
from gan_lightning.metrics.kid import KernelDistance
from gan_lightning.metrics.metric import Score
from gan_lightning.metrics.modes import ModeCoverage
from gan_lightning.metrics.precision_recall import PrecisionRecall
from gan_lightning.metrics.statistics import BLOCK_SIZE, Moments, Statistics

EVERYTHING = frozenset({"moments", "features", "logits"})
METRICS = [FrechetDistance(), KernelDistance(), PrecisionRecall(), DensityCoverage(), InceptionScore(), ModeCoverage()]


def stream(seed=0):
    return torch.Generator().manual_seed(seed)


def statistics(features, logits=None, name="classifier", max_rows=50_000, batch=64):
    """As if an extractor had made these features; logits of ten classes in turn where none are given."""
    if logits is None:
        logits = 20 * torch.eye(10).repeat(len(features) // 10 + 1, 1)[: len(features)]
    labels = None if name == "inception" else logits.shape[1]
    found = Statistics(ExtractorIdentity(name, "0" * 64, "none", features.shape[1], labels), EVERYTHING, max_rows)
    for rows, of_rows in zip(features.float().split(batch), logits.float().split(batch), strict=True):
        found.add(ExtractorOutput(rows, of_rows))
    return found


def normal(count, columns=8, seed=0):
    return torch.randn(count, columns, generator=stream(seed))


def values(metric, real, fake):
    """The scores of one metric by their names."""
    return {score.name: score.value for score in metric(real, fake)}


def test_identical_sets_have_no_distance_and_full_precision_recall_and_coverage():
    images = statistics(normal(200))
    scores = {name: value for metric in METRICS for name, value in values(metric, images, images).items()}
    assert scores["fd_classifier"] == pytest.approx(0, abs=1e-6)
    assert scores["modes_kl"] == pytest.approx(0, abs=1e-12)
    assert scores["modes_hit"] == 10
    ones = [scores[f"{name}_classifier"] for name in ("precision", "recall", "coverage")]
    assert ones == pytest.approx([1, 1, 1])


def test_the_frechet_distance_of_two_gaussians_is_the_closed_form():
    """Points at +-a along each axis have the mean 0 and a covariance that is exactly diagonal."""

    def points(mean, along):
        axes = torch.diag(torch.tensor(along))
        return torch.cat([axes, -axes]) + torch.tensor(mean)

    def deviations(along):
        return np.array(along) * math.sqrt(2 / (2 * len(along) - 1))

    of_real, of_fake = ([1.0, 2.0, 3.0], [0.5, 2.5, 1.0])
    real, fake = statistics(points([0.0, 0.0, 0.0], of_real)), statistics(points([1.0, -1.0, 2.0], of_fake))
    expected = 6 + ((deviations(of_real) - deviations(of_fake)) ** 2).sum()
    assert values(FrechetDistance(), real, fake)["fd_classifier"] == pytest.approx(expected, rel=1e-6)


def test_a_shift_moves_the_frechet_distance_by_its_square():
    rows = normal(500)
    moved = values(FrechetDistance(), statistics(rows), statistics(rows + 3))["fd_classifier"]
    assert moved == pytest.approx(8 * 9, rel=1e-5)


def test_moments_are_numpys_and_do_not_depend_on_the_batch_size_to_the_last_bit():
    rows = 100 + normal(2 * BLOCK_SIZE + 7, 5)
    each = [statistics(rows, batch=batch).moments for batch in (1, 50, BLOCK_SIZE, 5000)]
    assert each[0].mean == pytest.approx(rows.double().numpy().mean(0), rel=1e-12)
    assert each[0].covariance == pytest.approx(np.cov(rows.double().numpy(), rowvar=False), rel=1e-9)
    for other in each[1:]:
        assert (other.mean == each[0].mean).all()
        assert (other.scatter == each[0].scatter).all()


def test_moments_of_parts_merge_into_those_of_the_whole():
    rows = normal(100, 4).double().numpy()
    merged = Moments.empty(4)
    for part in (rows[:1], rows[1:60], rows[60:60], rows[60:]):
        merged.merge(Moments.from_features(part) if len(part) else Moments.empty(4))
    assert merged.count == 100
    assert merged.covariance == pytest.approx(np.cov(rows, rowvar=False), rel=1e-12)


def test_moments_see_all_images_and_features_the_first_that_are_kept():
    rows = normal(100)
    found = statistics(rows, max_rows=70, batch=32)
    found.merge(statistics(rows, max_rows=70))
    assert (found.count, found.moments.count) == (200, 200)
    assert torch.equal(found.features, rows[:70])
    assert len(found.logits) == 70


def test_what_is_not_kept_takes_no_memory_and_rows_are_joined_once():
    found, other = (
        Statistics(ExtractorIdentity("classifier", "", "none", 8, 10), frozenset({"features", "logits"}), max_rows=70)
        for _ in range(2)
    )
    for seed in range(5):
        for each in (found, other):
            each.add(ExtractorOutput(normal(32, seed=seed), normal(32, 10, seed)))
    found.merge(other)
    held = [*found._features, *found._logits]
    assert sum(part.untyped_storage().nbytes() for part in held) == 70 * (8 + 10) * 4
    assert found.features.data_ptr() == found.features.data_ptr()
    assert found.logits.data_ptr() == found.logits.data_ptr()
    assert torch.equal(found.features[64:], normal(32, seed=2)[:6])


def test_density_and_coverage_of_a_line_are_counted_by_hand():
    real = torch.tensor([[0.0], [1.0], [2.0], [10.0]])  # reach 1, 1, 1 and 8 with one neighbour
    fake = torch.tensor([[1.5], [5.0]])  # 1.5 is near 1 and 2, 5.0 near 10 alone
    assert density_coverage(real, fake, 1) == pytest.approx((3 / 2, 3 / 4))


def test_density_and_coverage_of_one_distribution_are_their_expectations():
    """Lemma 2 of the paper: 1 - (N-1)...(N-k) / ((M+N-1)...(M+N-k))."""
    count, neighbours = 1500, 5
    density, coverage = density_coverage(normal(count, 4, 1), normal(count, 4, 2), neighbours)
    missed = math.prod((count - i) / (2 * count - i) for i in range(1, neighbours + 1))
    assert density == pytest.approx(1, abs=0.05)
    assert coverage == pytest.approx(1 - missed, abs=0.01)


def test_precision_falls_with_fakes_far_away_and_recall_with_fakes_too_alike():
    real = statistics(normal(300))
    near = normal(150, seed=1)
    half_far = statistics(torch.cat([near, normal(150, seed=2) + 100]))
    precision = values(PrecisionRecall(), real, statistics(near))["precision_classifier"]
    assert values(PrecisionRecall(), real, half_far)["precision_classifier"] == pytest.approx(precision / 2)
    alike = values(PrecisionRecall(), real, statistics(0.01 * normal(300, seed=3)))
    assert (alike["precision_classifier"], alike["recall_classifier"]) == pytest.approx((1, 0), abs=0.05)


def test_the_inception_score_counts_classes_that_are_sure_and_even():
    sure = statistics(normal(200), 50 * torch.eye(5).repeat(40, 1))
    assert values(InceptionScore(2), sure, sure)["class_score_classifier"] == pytest.approx(5, rel=0.02)
    unsure = statistics(normal(200), torch.zeros(200, 5))
    assert values(InceptionScore(2), unsure, unsure)["class_score_classifier"] == pytest.approx(1)


def test_modes_are_counted_and_weighed():
    real = statistics(normal(400), 9 * torch.eye(4).repeat(100, 1))
    fake = statistics(normal(100), 9 * torch.eye(4)[[0] * 75 + [1] * 25])
    expected = 0.75 * math.log(0.75 / 0.25) + 0.25 * math.log(0.25 / 0.25)
    assert values(ModeCoverage(), real, fake) == pytest.approx({"modes_hit": 2, "modes_kl": expected})


def test_a_class_that_no_real_image_has_leaves_the_divergence_finite_and_is_no_hit():
    real = statistics(normal(99), 9 * torch.eye(4)[[0] * 99])
    fake = statistics(normal(100), 9 * torch.eye(4)[[3] * 100])
    assert values(ModeCoverage(), real, fake) == pytest.approx(
        {"modes_hit": 0, "modes_kl": math.log((99 + 3 * 0.5) / 0.5)}
    )


def test_only_inceptions_scores_carry_the_names_of_the_literature():
    def names(extractor):
        images = statistics(normal(60), name=extractor)
        metrics = METRICS if extractor == "classifier" else METRICS[:-1]
        return {score.name for metric in metrics for score in metric(images, images)}

    literature = {
        "fid", "kid", "kid_std", "precision", "recall", "density", "coverage", "inception_score", "inception_score_std",
    }  # fmt: skip
    assert names("inception") == literature
    for other in ("classifier", "random", "inception_64"):
        assert not literature & names(other)
        assert {f"fd_{other}", f"kd_{other}", f"precision_{other}", f"class_score_{other}"} <= names(other)


def test_each_score_says_which_values_are_better_and_whose_deviation_it_is():
    images = statistics(normal(60))
    scores = [score for metric in METRICS for score in metric(images, images)]
    stems = ("precision", "recall", "density", "coverage", "class_score")
    higher = {"modes_hit", *(f"{stem}_classifier" for stem in stems)}
    assert {score.name for score in scores if score.better == "higher"} == higher
    deviations = {score.name: score.deviation_of for score in scores if score.deviation_of}
    assert deviations == {
        "kd_std_classifier": "kd_classifier",
        "class_score_std_classifier": "class_score_classifier",
    }
    assert {score.name for score in scores if score.better == "neither"} == set(deviations)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: type(metric).__name__)
def test_one_image_is_refused_in_a_sentence(metric):
    one = statistics(normal(1))
    with pytest.raises(ValueError, match=rf"needs at least {metric.min_images} (real|generated) images; got 1"):
        metric(one, one)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: type(metric).__name__)
def test_constant_images_do_not_pass_in_silence(metric):
    constant = statistics(torch.full((40, 8), 0.3))
    assert any("generated images have the same features" in said for said in metric.warnings([], constant, constant))


def test_fewer_images_than_features_and_few_images_at_all_are_warned_of():
    few, some, many = (statistics(normal(count, 8)) for count in (8, 3000, 10_000))
    scores = [Score("fd_classifier", 1.0)]
    assert FrechetDistance().warnings(scores, many, few) == [
        "The covariance of 8 generated images is singular because there are 8 features.",
        "fd_classifier depends on the number of images, here 10,000 real and 8 generated ones; compare it only with "
        "scores of as many.",
    ]
    (said,) = FrechetDistance().warnings(scores, some, many)
    assert "here 3,000 real and 10,000 generated ones" in said
    assert FrechetDistance().warnings(scores, many, many) == []


def test_a_kernel_distance_of_small_sets_takes_them_whole_and_says_so():
    real, fake = statistics(normal(50)), statistics(normal(40, seed=1))
    assert KernelDistance().warnings([], real, fake) == [
        "kd_classifier is taken over subsets of 40 images and not of subset_size=1000, because there are no more "
        "generated ones; raise num_images, or compare it only with scores of as many."
    ]
    (said,) = KernelDistance().warnings([], fake, real)
    assert said.endswith("because there are no more real ones; compare it only with scores of as many.")
    assert math.isfinite(values(KernelDistance(), real, fake)["kd_classifier"])
    assert KernelDistance(subset_size=40).warnings([], real, fake) == []


def test_a_kernel_distance_of_one_distribution_is_zero_in_the_mean_and_torchs_random_state_is_left_alone():
    before = torch.get_rng_state()
    found = values(KernelDistance(subsets=20), statistics(normal(2000)), statistics(normal(2000, seed=1)))
    assert found["kd_classifier"] == pytest.approx(0, abs=2 * found["kd_std_classifier"])
    assert torch.equal(before, torch.get_rng_state())


def test_features_of_two_extractors_are_not_compared():
    with pytest.raises(ValueError, match="the same extractor"):
        FrechetDistance()(statistics(normal(20)), statistics(normal(20), name="random"))


def test_a_metric_of_classes_says_which_extractor_has_them():
    without = Statistics(ExtractorIdentity("random", "", "none", 8), frozenset({"logits"}))
    with pytest.raises(
        ValueError, match="extractor=random gives none; use extractor=inception or extractor=classifier"
    ):
        without.add(ExtractorOutput(normal(4), None))
    imagenet = statistics(normal(20), name="inception")
    with pytest.raises(ValueError, match="got extractor=inception: use extractor=classifier"):
        ModeCoverage()(imagenet, imagenet)
