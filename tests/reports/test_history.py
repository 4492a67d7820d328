"""What a run scored, as draws and histories."""

import json
from dataclasses import replace

import pytest

from gan_lightning.reports.history import ScoreHistories, draws
from support.scored_runs import RECORD
from support.scoring import record


def test_latent_seeds_are_draws_of_one_protocol():
    records = [replace(RECORD, latent_seed=seed, value=float(seed)) for seed in (1, 2, 6)]
    last, earlier = draws([*records, replace(RECORD, iteration=50, value=1.0)])
    assert [record.value for record in last.records] == [1.0, 2.0, 6.0]
    assert (last.mean, last.deviation, last.iterations) == (3.0, 7**0.5, [100])
    assert str(last) == "3 ± 2.6"
    assert (earlier.mean, earlier.deviation, earlier.iterations) == (1.0, None, [50])


def test_the_interval_of_several_draws_is_students_t():
    (two,) = draws(replace(RECORD, latent_seed=seed, value=float(seed)) for seed in (21, 23))
    assert two.interval == pytest.approx((22 - 12.7062, 22 + 12.7062), abs=1e-4)  # tangent of 0.475 pi
    (five,) = draws(replace(RECORD, latent_seed=seed, value=float(seed)) for seed in range(5))
    half = 2.776445 * (2.5 / 5) ** 0.5
    assert five.interval == pytest.approx((2 - half, 2 + half), abs=1e-5)


@pytest.mark.parametrize(("own", "interval"), [([], None), ([9.0, 12.0], (9.0, 12.0)), ([9.0], None)])
def test_the_interval_of_one_draw_is_that_of_its_record(own, interval):
    (found,) = draws([replace(RECORD, interval=own)])
    assert found.interval == interval


def test_of_two_records_of_one_latent_seed_the_later_counts():
    (found,) = draws([RECORD, replace(RECORD, latent_seed=1, value=4.0), replace(RECORD, value=2.0)])
    assert [record.value for record in found.records] == [2.0, 4.0]


@pytest.mark.parametrize(
    ("better", "values", "best", "is_far"),
    [
        ("lower", [3, 2, 2.9], 2, False),
        ("lower", [3, 2, 3.1], 2, True),
        ("lower", [0.01, -0.001, 0.05], -0.001, True),
        ("higher", [3, 9, 6.1], 9, False),
        ("higher", [3, 9, 5.9], 9, True),
        ("lower", [5], 5, False),
    ],
)
def test_the_best_is_the_lowest_or_the_highest_and_far_is_half_as_much_again(better, values, best, is_far):
    histories = ScoreHistories()
    for iteration, value in enumerate(values):
        histories.add([record(float(value), iteration, better=better)])
    history = ScoreHistories.from_plain(json.loads(json.dumps(histories.plain()))).by_name["fd_random"]
    assert history.best == (best, values.index(best))
    assert history.last == (values[-1], len(values) - 1)
    assert history.is_far_worse() == is_far


def test_a_score_within_its_own_deviation_is_not_far_worse():
    histories = ScoreHistories()
    for iteration, value in enumerate((0.0001, 0.0004, 0.0007)):
        deviation = record(0.0005, iteration, score="kid_std", better="neither")
        histories.add([record(value, iteration, score="kid"), deviation])
        assert histories.by_name["kid"].is_far_worse() == (value == 0.0007)
    assert list(histories.by_name) == ["kid"]


def test_a_score_that_is_missing_at_the_end_has_no_last_value():
    histories = ScoreHistories()
    histories.add([record(1.0, 1), record(2.0, 1, score="kd_random")])
    histories.add([record(1.0, 2)], ["fd_random", "kd_random"])
    assert histories.by_name["kd_random"].best == (2.0, 1)
    assert str(histories.by_name["kd_random"].last) == "no score at iteration 2"
    histories.add([record(1.0, 3)], ["fd_random"])
    assert list(histories.by_name) == ["fd_random"]
