"""The course of a score in a run: its best and its last value, and when the last is far worse."""

import json

import pytest

from gan_lightning.reports.history import Courses
from support.scoring import record


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
    courses = Courses()
    for iteration, value in enumerate(values):
        courses.add([record(float(value), iteration, better=better)])
    course = Courses.from_plain(json.loads(json.dumps(courses.plain()))).courses["fd_random"]
    assert course.best == (best, values.index(best))
    assert course.last == (values[-1], len(values) - 1)
    assert course.is_far_worse() == is_far


def test_a_score_within_its_own_deviation_is_not_far_worse():
    courses = Courses()
    for iteration, value in enumerate((0.0001, 0.0004, 0.0007)):
        deviation = record(0.0005, iteration, score="kid_std", better="neither")
        courses.add([record(value, iteration, score="kid"), deviation])
        assert courses.courses["kid"].is_far_worse() == (value == 0.0007)
    assert list(courses.courses) == ["kid"]


def test_a_score_that_is_missing_at_the_end_has_no_last_value():
    courses = Courses()
    courses.add([record(1.0, 1), record(2.0, 1, score="kd_random")])
    courses.add([record(1.0, 2)], ["fd_random", "kd_random"])
    assert courses.courses["kd_random"].best == (2.0, 1)
    assert str(courses.courses["kd_random"].last) == "no score at iteration 2"
    courses.add([record(1.0, 3)], ["fd_random"])
    assert list(courses.courses) == ["fd_random"]
