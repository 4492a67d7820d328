"""What a run shows of its course: every iteration's losses, plots that are drawn as it goes on, and its speed."""

import csv
from pathlib import Path
from types import SimpleNamespace

import pytest
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import CSVLogger
from matplotlib.figure import Figure

from gan_lightning.callbacks import throughput
from gan_lightning.callbacks.losses import Losses
from gan_lightning.callbacks.plots import Plots
from gan_lightning.reports.curves import draw_curves, extremes
from support.playing import batches, play

FILES = {"losses": "losses.csv", "metrics": "metrics.csv", "scores": "scores.jsonl", "samples": "samples"}


class Logged(Callback):
    """The losses that every iteration shows on the progress bar."""

    def __init__(self):
        self.rows = []

    def on_train_batch_end(self, trainer, module, *_):
        step = module.scalars.last_step
        self.rows.append({name: float(step[f"{name}/loss"]) for name in module.players if f"{name}/loss" in step})


def rows(file):
    with Path(file).open() as stream:
        return list(csv.DictReader(stream))


def plots(folder, **more):
    files = {name: str(folder / file) for name, file in FILES.items()}
    return Plots(str(folder / "plots"), **files, **more)


def drawn(folder):
    return sorted(file.name for file in (folder / "plots").glob("*"))


def test_every_iteration_has_a_line_with_the_loss_of_each_player_that_moved(gan, tmp_path):
    logged, losses = Logged(), Losses(str(tmp_path / "losses.csv"))
    play(gan("model.generator_every=3"), callbacks=[losses, logged], max_steps=7, log_every_n_steps=5)
    found = rows(tmp_path / "losses.csv")
    assert [int(row["iteration"]) for row in found] == [1, 2, 3, 4, 5, 6, 7]
    assert [{name: float(row[name]) for name in ("discriminator", "generator") if row[name]} for row in found] == (
        logged.rows
    )
    assert [row["iteration"] for row in found if row["generator"]] == ["3", "6"]


def test_the_losses_are_fetched_at_the_cadence_of_the_log_and_before_a_checkpoint(gan, tmp_path):
    class Lines(Callback):
        def __init__(self):
            self.counts = []

        def on_train_batch_end(self, trainer, *_):
            if trainer.global_step == 6:
                trainer.save_checkpoint(tmp_path / "six.ckpt")
            file = tmp_path / "losses.csv"
            self.counts.append(len(rows(file)) if file.exists() else 0)

    lines = Lines()
    play(gan(), callbacks=[Losses(str(tmp_path / "losses.csv")), lines], max_steps=9, log_every_n_steps=4)
    assert lines.counts == [0, 0, 0, 4, 4, 6, 6, 8, 8]
    assert len(rows(tmp_path / "losses.csv")) == 9


class Killed(Callback):
    """Ends the program as a kill does, without any further hook."""

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == 6:
            raise SystemExit


def test_a_killed_run_has_the_plots_of_its_last_cadence_and_a_resumed_run_those_of_the_whole(
    gan, tmp_path, monkeypatch
):
    with pytest.raises(SystemExit):
        play(
            gan(),
            callbacks=[plots(tmp_path, every_n_iterations=4), Losses(str(tmp_path / "losses.csv")), Killed()],
            max_steps=9,
            log_every_n_steps=4,
        )
    assert drawn(tmp_path) == ["losses.png"]
    seen = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: seen.append(figure))
    play(gan(), callbacks=[plots(tmp_path), Losses(str(tmp_path / "losses.csv"))], max_steps=3)
    assert [len(line.get_xdata()) for line in seen[-1].axes[0].lines] == [9, 9], "six lines were there before"
    assert [text.get_text() for text in seen[-1].legends[0].get_texts()] == ["D", "G"]


def test_a_very_short_run_has_no_empty_plots(gan, tmp_path):
    play(gan(), callbacks=[plots(tmp_path), Losses(str(tmp_path / "losses.csv"))], max_steps=1)
    assert drawn(tmp_path) == []
    assert not draw_curves({}, "title", "unit", tmp_path / "plot.png")
    assert not (tmp_path / "plot.png").exists()


@pytest.mark.slow
def test_each_drawing_of_the_losses_is_kept_where_that_is_asked_for(gan, tmp_path):
    own = plots(tmp_path, every_n_iterations=2, keep_each=True)
    play(gan(), callbacks=[own, Losses(str(tmp_path / "losses.csv"))], max_steps=5)
    assert drawn(tmp_path) == ["losses.png", "losses_0000002.png", "losses_0000004.png", "losses_0000005.png"]


def test_further_players_are_plotted_by_their_names(gan, tmp_path, monkeypatch):
    (tmp_path / "losses.csv").write_text("iteration,discriminator,encoder\n1,0.5,\n2,0.25,3.0\n3,0.2,2.0\n")
    seen = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: seen.append(figure))
    play(gan(), callbacks=[plots(tmp_path)], max_steps=1)
    lines = {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in seen[0].axes[0].lines}
    assert lines == {"D": ([1, 2, 3], [0.5, 0.25, 0.2]), "encoder": ([2, 3], [3.0, 2.0])}


def test_a_long_curve_keeps_the_extremes_of_every_column_of_pixels():
    values = [float(index % 7) for index in range(50_000)]
    values[1234], values[43_210] = 99.0, -99.0
    iterations, kept = extremes(list(range(50_000)), values)
    assert len(kept) <= 2_000
    assert iterations == sorted(iterations)
    assert {99.0, -99.0} < set(kept)
    assert all(values[at] == value for at, value in zip(iterations, kept, strict=True))
    assert extremes([1, 2, 3], values[:3]) == ([1, 2, 3], values[:3])


def test_the_mean_speed_between_two_readings_is_logged_in_images_per_second(gan, tmp_path, monkeypatch):
    """The clock is read after iterations 1, 3 and 6, of four images each."""
    times = iter([10.0, 12.0, 20.0])
    monkeypatch.setattr(throughput, "time", SimpleNamespace(perf_counter=lambda: next(times)))
    logger = CSVLogger(str(tmp_path), "", "")
    play(gan(), batches(rows=4), [throughput.Throughput()], max_steps=6, log_every_n_steps=3, logger=logger)
    found = [row for row in rows(tmp_path / "metrics.csv") if row["images_per_second"]]
    assert [(int(row["step"]), float(row["images_per_second"])) for row in found] == [(3, 4.0), (6, 1.5)]
