"""Charts put values where they belong, and no value makes one fail."""

import re

import pytest

from gan_lightning.reports.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, chart


def points(line):
    return [tuple(map(float, pair.split())) for pair in re.split("[ML]", line.path)[1:]]


def test_least_and_largest_values_are_at_the_edges_and_halves_halfway():
    made = chart("t", {"a": ([0, 50, 100], [1.0, 2.0, 3.0])})
    assert points(made.lines[0]) == [
        (LEFT, HEIGHT - BOTTOM), ((LEFT + WIDTH - RIGHT) / 2, (TOP + HEIGHT - BOTTOM) / 2), (WIDTH - RIGHT, TOP),
    ]  # fmt: skip


def test_curves_share_their_axes_and_the_level_lies_within():
    made = chart("t", {"a": ([0, 10], [0.0, 0.2]), "b": ([5, 20], [0.1, 0.3])}, ("half", 0.5))
    assert points(made.lines[0])[0][0] == LEFT
    assert points(made.lines[1])[-1][0] == WIDTH - RIGHT
    assert (made.level.text, made.level.place) == ("half", TOP)


@pytest.mark.parametrize(
    ("least", "largest", "texts"),
    [
        (0, 1, ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        (0, 1500, ["0", "500", "1000", "1500"]),
        (-2, 2, ["-2", "-1", "0", "1", "2"]),
    ],
)
def test_numbers_at_an_axis_are_round(least, largest, texts):
    made = chart("t", {"a": ([0, 1], [float(least), float(largest)])})
    assert [tick.text for tick in made.y] == texts


def test_a_spike_of_a_long_run_is_kept():
    values = [1.0] * 50_000
    values[31_234] = 9.0
    made = chart("t", {"a": (list(range(50_000)), values)})
    assert len(points(made.lines[0])) < 1500
    assert min(y for _, y in points(made.lines[0])) == TOP


@pytest.mark.parametrize(
    "values", [[1.0, 1.0], [1e308, -1e308], [0.0, 5e-324], [1e300, 1e300 * (1 + 1e-15)], [-1e-9, 0.0]]
)
def test_any_finite_values_have_a_chart(values):
    made = chart("t", {"a": ([0, 10**15 - 1], values)})
    assert all(TOP <= y <= HEIGHT - BOTTOM for _, y in points(made.lines[0]))


def test_there_is_no_chart_without_two_points():
    assert chart("t", {}) is None
    assert chart("t", {"a": ([1], [1.0]), "b": ([], [])}) is None
