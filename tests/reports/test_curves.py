"""Curves that are read from a run's tables and drawn."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gan_lightning.reports.curves import curves_with_cursor, draw_curves, draw_panels
from gan_lightning.reports.tables import loss_curves, read_curves, score_curves
from support.scoring import record


def test_a_line_that_was_not_finished_and_what_is_no_number_are_left_out(tmp_path):
    file = tmp_path / "losses.csv"
    file.write_text("iteration,generator,discriminator\n1,0.5,\n2,what,0.25\n3,0.125,1.5\n4,0.7")
    assert loss_curves(file) == {"G": ([1, 3], [0.5, 0.125]), "D": ([2, 3], [0.25, 1.5])}
    assert read_curves(tmp_path / "none.csv", "step") == {}


def test_what_is_no_number_of_iterations_not_finite_or_no_text_is_left_out(tmp_path):
    file = tmp_path / "losses.csv"
    rows = [b"1,0.5", b"-2,0.5", b"3,nan", b"4,inf", b"9" * 5000 + b",1", b"\xff,\xfe", b"5", b"6,0.25,7,8", b"7,0.125"]
    file.write_bytes(b"\n".join([b"iteration,generator", *rows, b""]))
    assert loss_curves(file) == {"G": ([1, 6, 7], [0.5, 0.25, 0.125])}
    file.write_bytes(bytes(range(256)) * 2 + b"\n")
    assert loss_curves(file) == {}


def test_the_legend_of_many_curves_hides_none_of_them(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: seen.append(figure))
    curves = {f"D(fake) in D's step, domain {number}": ([1, 2], [0.0, 1.0]) for number in range(6)}
    draw_curves(curves, "title", "Mean output", tmp_path / "outputs.png")
    FigureCanvasAgg(seen[0]).draw()
    (legend,), (axes,) = seen[0].legends, seen[0].axes
    assert len(legend.get_texts()) == 6
    assert not legend.get_window_extent().overlaps(axes.get_tightbbox())
    assert axes.get_tightbbox().x0 >= 0
    assert all(tick == round(tick) for tick in axes.get_xticks())


def test_a_score_has_a_value_for_each_iteration_the_later_of_two_and_no_deviations():
    records = [
        record(3.0, 200),
        record(9.0, 100),
        record(2.0, 200),
        record(0.1, 200, score="kid_std", better="neither"),
    ]
    assert score_curves(records) == {"fd_random": ([100, 200], [9.0, 2.0])}


def test_each_score_has_a_panel_of_its_own_also_with_a_single_value(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: seen.append(figure))
    curves = {f"score {number}": ([100], [float(number)]) for number in range(4)}
    assert draw_panels(curves, tmp_path / "scores.png")
    assert [axes.get_title() for axes in seen[0].axes] == list(curves)
    assert [axes.lines[0].get_ydata()[0] for axes in seen[0].axes] == [0.0, 1.0, 2.0, 3.0]
    assert not draw_panels({}, tmp_path / "scores.png")


def test_the_line_in_the_losses_moves_with_the_iteration_and_stays_within_them():
    draw = curves_with_cursor({"G": (list(range(1, 101)), [1.0] * 100)}, "title", "Loss", 400, 240)
    empty = np.asarray(draw(10**9)).astype(int)
    assert empty.shape == (240, 400, 3)
    places = []
    for iteration in (0, 25, 50, 75):
        changed = np.flatnonzero(np.abs(np.asarray(draw(iteration)).astype(int) - empty).sum(2).max(0))
        places.append(changed[0])
    assert places == sorted(places)
    assert 0 < places[0] < places[1] < places[2] < places[3] < 400
    steps = np.diff(places)
    assert abs(steps[1] - steps[2]) <= 1
