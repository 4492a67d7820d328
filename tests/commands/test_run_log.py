"""What the log file of a run holds: its lines, its errors and how it ended; what fails before training leaves none."""

import io
import os
import signal
import sys
from pathlib import Path

import pytest

from gan_lightning.callbacks.throughput import Throughput
from gan_lightning.models.game import AdversarialGame
from support.command import NARROW
from support.small_files import picture

WORDS = [word for word in NARROW if not word.startswith(("callbacks.", "trainer.max_steps"))]
QUIET = ["logger=none", "+trainer.enable_progress_bar=false", "+trainer.enable_checkpointing=false"]
BARE = [*WORDS, *QUIET, "trainer.max_steps=4", "callbacks=[throughput,graceful_stop]"]
RUN = [*BARE, "hydra.run.dir=made/run"]


def log():
    return Path("made/run/train.log").read_text()


def failing(error):
    def raise_it(*_, **__):
        raise error

    return raise_it


def test_an_error_in_a_callback_stands_in_the_log_with_its_traceback(gan_lightning, monkeypatch):
    monkeypatch.setattr(Throughput, "on_train_batch_end", failing(RuntimeError("no clock")))
    code, err = gan_lightning(*RUN)
    assert code == 1
    for said in (err, log()):
        assert said.count("RuntimeError: no clock\n") == 1
        assert "Traceback" in said


def test_an_error_of_a_user_stands_in_the_log_as_the_sentence_that_the_terminal_has(gan_lightning, monkeypatch):
    monkeypatch.setattr(Throughput, "on_train_batch_end", failing(ValueError("the clock is wrong")))
    code, err = gan_lightning(*RUN)
    assert code == 2
    assert err.startswith("error: the clock is wrong\n")
    assert log().count("] error: the clock is wrong\n") == 1


def test_a_run_that_a_signal_ends_says_so_in_the_log(gan_lightning, monkeypatch):
    step = AdversarialGame.training_step

    def stopped(model, *given):
        if model.trainer.global_step == 1:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(model, *given)

    monkeypatch.setattr(AdversarialGame, "training_step", stopped)
    assert gan_lightning(*RUN)[0] == 143
    assert "stopped at iteration 2, because of SIGTERM\n" in log()
    assert gan_lightning(*WORDS, "hydra.run.dir=made/bare", "callbacks=none", "logger=none")[0] == 143
    said = Path("made/bare/train.log").read_text()
    assert said.endswith("stopped at iteration 1 without saving; no checkpoint was written, so start a new run\n")


def test_what_the_data_refuse_before_training_leaves_no_folder(gan_lightning):
    Path("pictures").mkdir()
    picture(1).save("pictures/one.png")
    code, err = gan_lightning("data=folder", "data.root=pictures", "data.test_fraction=0.9", *RUN)
    assert code == 2, err
    assert sorted(os.listdir()) == ["pictures"]


@pytest.mark.parametrize("there", ["made", "made/run"])
def test_folders_that_were_there_stay(there, gan_lightning, monkeypatch):
    Path(there).mkdir(parents=True)
    monkeypatch.setattr(Throughput, "setup", failing(ValueError("no clock")))
    code, err = gan_lightning(*RUN)
    assert code == 2, err
    assert err.startswith("error: no clock\n")
    assert Path(there).is_dir()
    assert Path("made/run").exists() == (there == "made/run")


def test_the_end_of_a_run_names_commands_that_suit_it(gan_lightning):
    own = ["callbacks=checkpoint", "logger=none", "+trainer.enable_progress_bar=false", "trainer.max_steps=4"]
    assert gan_lightning(*WORDS, *own, "hydra.run.dir=made/run")[0] == 0
    said = log()
    assert "sample       gan-lightning sample run=made/run\n" in said
    assert "score        gan-lightning evaluate run=made/run\n" in said
    assert "continue     gan-lightning resume=made/run trainer.max_steps=8\n" in said
    assert "tensorboard" not in said.lower()


def test_a_name_that_the_terminal_cannot_show_is_escaped(gan_lightning, monkeypatch):
    terminal = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(sys, "stdout", terminal)
    assert gan_lightning(*WORDS, "hydra.run.dir=图", "callbacks=none", "logger=none")[0] == 0
    terminal.flush()
    assert b"\\u56fe" in terminal.buffer.getvalue()


def test_on_a_terminal_the_lines_go_to_the_log_file_and_the_bar_to_the_terminal(gan_lightning, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    own = ["callbacks=progress", "logger=none", "+trainer.enable_checkpointing=false", "trainer.max_steps=4"]
    assert gan_lightning(*WORDS, *own, "hydra.run.dir=made/run")[0] == 0
    assert log().count("D(real) ") == 2, "of the first and the last iteration"
    shown = terminal.getvalue()
    assert "D(real) " not in shown
    assert "iteration 4/4" in shown
    assert "0:00:00 left D " in shown
    assert "finished at iteration 4\n" in shown
