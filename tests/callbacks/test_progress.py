"""How far a run is: lines in a log and, on a terminal, one bar."""

import io
import logging
import re
import sys
from types import SimpleNamespace

import pytest
import torch
from rich.console import Console
from torch.utils.data import DataLoader, IterableDataset

from gan_lightning.callbacks import pace, progress
from gan_lightning.callbacks.bar import Bar
from gan_lightning.callbacks.long_runs import advice_on_long_run
from gan_lightning.callbacks.pace import Pace
from gan_lightning.callbacks.progress import RunProgress
from support.playing import batches, play


@pytest.fixture
def clock(monkeypatch):
    """A clock that every iteration moves on by as many seconds as are set."""
    now = SimpleNamespace(seconds=100.0, monotonic=lambda: now.seconds)
    for module in (pace, progress):
        monkeypatch.setattr(module, "time", now)
    return now


@pytest.fixture
def lines(gan, clock, caplog):
    """Play a run whose iterations take some seconds each; return the lines of its progress."""

    def lines(seconds, own=None, loader=None, **trainer):
        model = gan()
        step = type(model).training_step

        def training_step(*given):
            clock.seconds += seconds
            return step(model, *given)

        model.training_step = training_step
        with caplog.at_level("INFO"):
            play(
                model,
                batches(count=4) if loader is None else loader,
                [own or RunProgress()],
                enable_progress_bar=True,
                **trainer,
            )
        return [record.getMessage() for record in caplog.records if record.name == progress.__name__]

    return lines


def iterations(lines):
    return [int(re.search(r"iteration +(\d+)/", line)[1]) for line in lines if line.startswith("epoch")]


def test_a_line_has_epoch_iteration_losses_outputs_speed_and_times(lines):
    (*_, last) = lines(2.0, max_steps=10, max_epochs=3, log_every_n_steps=5)
    number = r"-?\d+\.\d{3}"
    assert re.fullmatch(
        rf"epoch 3/3  iteration 10/10  D {number}  G {number}  D\(real\) {number}  D\(fake\) {number}/{number}  "
        r"2 images/s  0:00:20 elapsed, 0:00:00 left",
        last,
    ), last


def test_lines_are_ten_seconds_apart_and_come_when_the_loggers_get_values(lines):
    assert iterations(lines(3.0, max_steps=19, log_every_n_steps=2)) == [2, 6, 10, 14, 18, 19]


def test_a_run_with_slow_iterations_has_its_first_line_after_the_second_with_an_estimate(lines):
    found = lines(9.0, max_steps=7, log_every_n_steps=5)
    assert iterations(found) == [2, 5, 7]
    assert found[:-3] == ["training begins; the first iteration may take longer than the others"]
    assert found[1].endswith("0:00:18 elapsed, 0:00:45 left")


def test_a_run_whose_length_is_unknown_says_no_total_and_no_time_left(lines):
    class Stream(IterableDataset):
        def __iter__(self):
            return iter(batches(count=3).dataset)

    found = lines(20.0, loader=DataLoader(Stream(), batch_size=None), max_steps=-1, max_epochs=1)
    assert re.search(r"iteration 3  .* 0:01:00 elapsed$", found[-1]), found[-1]


def test_a_cadence_has_every_line_whatever_time_it_takes(lines):
    assert iterations(lines(0.001, RunProgress(every_n_iterations=3), max_steps=8)) == [3, 6, 8]


def test_no_minute_after_a_line_is_without_another(lines):
    assert iterations(lines(25.0, RunProgress(every_n_iterations=8), max_steps=10)) == [2, 5, 8, 10]


def test_lines_of_epochs_show_the_means_over_the_epoch(lines):
    class Means(progress.RunProgress):
        def on_train_end(self, trainer, pl_module):
            super().on_train_end(trainer, pl_module)
            self.last = pl_module.scalars.epoch_means

    own = Means(every_n_epochs=2)
    found = lines(0.001, own, max_steps=-1, max_epochs=4)
    assert iterations(found) == [8, 16]
    assert (
        f"means of the epoch:  D {own.last['discriminator/loss']:.3f}  G {own.last['generator/loss']:.3f}" in found[-1]
    )


def test_a_run_of_more_than_a_day_is_told_once_what_would_shorten_it(lines):
    found = lines(50_000.0, max_steps=6, log_every_n_steps=1)
    (advice,) = [line for line in found if line.startswith("this run takes about")]
    assert found.index(advice) == 3, "after the line of the second iteration"
    assert advice.startswith("this run takes about 2.3 days on this device (CPU, ")
    for words in ("trainer.max_steps=3 ends it within a day", "data.image_size", "trainer=gpu"):
        assert words in advice


@pytest.mark.parametrize(("precision", "is_named"), [("32-true", True), ("bf16-mixed", False)])
def test_bfloat16_is_advised_on_other_devices_than_the_cpu_where_it_is_not_used(precision, is_named, clock):
    measured = Pace(0, 100_000)
    for iteration in (1, 2):
        clock.seconds += 20.0
        measured.advance(iteration, iteration)
    advice = advice_on_long_run(measured, torch.device("mps"), precision)
    assert ("trainer=bf16" in advice) == is_named
    assert "trainer=gpu" not in advice


def test_the_first_seconds_say_too_little_for_advice(clock):
    measured = Pace(0, 100_000)
    for iteration in (1, 2):
        clock.seconds += 3.0
        measured.advance(iteration, iteration)
    assert advice_on_long_run(measured, torch.device("cpu"), "32-true") == ""


def test_a_limit_in_time_bounds_the_estimate(clock):
    measured = Pace(0, 100_000, lambda: 90.0)
    for iteration in (1, 2):
        clock.seconds += 3.0
        measured.advance(iteration, iteration)
    assert measured.in_words() == "0:00:06 elapsed, 0:01:30 left"


@pytest.mark.parametrize(("width", "encoding"), [(80, "utf-8"), (120, "utf-8"), (80, "ascii")])
def test_a_terminal_shows_times_in_words_on_one_line_and_messages_above_it(width, encoding, clock, monkeypatch):
    terminal = io.TextIOWrapper(io.BytesIO(), encoding)
    monkeypatch.setattr(sys, "stdout", terminal)
    handler = logging.StreamHandler(terminal)
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    measured = Pace(0, 1500)
    bar = Bar(Console(file=terminal, force_terminal=True, width=width, no_color=True), measured, 0)
    for iteration in (1, 150):
        clock.seconds += 12.0
        measured.advance(iteration, 64 * iteration)
    bar.show(["D 1.023", "G 0.871"], "843 images/s")
    logging.getLogger().warning("gan-lightning sample run=%s", "x" * 100)
    bar.advance(150)
    bar.close()
    terminal.flush()
    shown = terminal.buffer.getvalue().decode(encoding)
    assert f"\ngan-lightning sample run={'x' * 100}\n" in re.sub(r"\x1b\[[\d;?]*[A-Za-z]|\r", "\n", shown)
    last = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", shown.rpartition("\r")[2]).rstrip("\n")
    assert len(last) <= width
    assert "iteration   150/1,500" in last
    assert "0:00:24 elapsed, 0:01:49 left D 1.023  G 0.871" in last
    assert ("images/s" in last) == (width == 120)
    assert handler.stream is terminal
