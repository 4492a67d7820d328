"""`gan-lightning start DIR`: a recipe for a folder of pictures, or one sentence."""

import os
import re
from collections import namedtuple
from pathlib import Path

import pytest

from gan_lightning.commands import start
from gan_lightning.recipes import choice, recipe, trial
from support.command import the_run
from support.small_files import picture


@pytest.fixture(scope="module")
def two_classes(tmp_path_factory):
    """Two sub-folders of twenty pictures, and one file that is no picture."""
    root = tmp_path_factory.mktemp("two classes")
    for name in ("cats", "dogs"):
        (root / name).mkdir()
        for number in range(20):
            picture(number, 24, 20).save(root / name / f"{number}.png")
    (root / "cats" / "bad.png").write_text("no picture")
    return root


def test_the_recipe_of_a_folder_trains_and_nothing_else_is_left(gan_lightning, two_classes, monkeypatch):
    monkeypatch.setattr(start.os, "getloadavg", lambda: (7.5, 0.0, 0.0))
    monkeypatch.setattr(start.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(trial, "ITERATIONS", 3)
    monkeypatch.setattr(recipe, "SIZES", (16,))
    code, err = gan_lightning("start", str(two_classes), "hours=1000")
    assert code == 0, err
    assert os.listdir() == ["experiment"]
    written = Path("experiment", "mine.yaml").read_text()
    busy = "the machine is busy now (load 7.5 on 2 cores), so times may change"
    assert re.search(rf"# Forecast: .*; {re.escape(busy)}\.$", written, re.M)
    assert "override /model: cgan" in written
    assert "max_bad: 0.04 # 1 of 41 cannot be read" in written

    code, err = gan_lightning("start", f"root={two_classes}")
    assert code == 2
    assert "experiment/mine.yaml exists already; overwrite=true replaces it" in err
    assert Path("experiment", "mine.yaml").read_text() == written

    quick = ["trainer.max_steps=1", "logger=none", "callbacks=checkpoint", "model.generator.width=4"]
    code, err = gan_lightning("--config-dir", ".", "experiment=mine", *quick)
    assert code == 0, err
    assert (the_run() / "checkpoints" / "last.ckpt").is_file()


def few(root):
    for number in range(7):
        picture(number).save(root / f"{number}.png")


def unreadable(root):
    for number in range(40):
        (root / f"{number}.jpg").write_text("no picture")


def mostly_unreadable(root):
    unreadable(root)
    for number in range(35):
        picture(number).save(root / f"{number}.png")


def texts(root):
    (root / "a.txt").write_text("no picture")


@pytest.mark.parametrize(
    ("fill", "sentence"),
    [
        (few, "root must hold at least 32 pictures"),
        (unreadable, "none of the 40 files can be read"),
        (mostly_unreadable, "pictures names them all"),
        (texts, "holds only 1 .txt file"),
        (lambda root: root.rmdir(), "there is no folder"),
    ],
)
def test_a_folder_that_cannot_be_trained_on_is_refused_in_one_sentence(gan_lightning, tmp_path, fill, sentence):
    root = tmp_path / "pictures"
    root.mkdir()
    fill(root)
    code, err = gan_lightning("start", str(root))
    assert code == 2
    assert sentence in err
    assert err.count("\n") == 1
    assert os.listdir() == []


def test_a_run_that_does_not_fit_on_the_disk_is_refused(gan_lightning, two_classes, monkeypatch):
    measured = trial.Trial(18, 0.01, 1.0, 2**30, 2**30, 2**20, False)
    monkeypatch.setattr(choice, "tried", lambda *given: measured)
    monkeypatch.setattr(start.shutil, "disk_usage", lambda path: namedtuple("usage", "free")(2**30))
    code, err = gan_lightning("start", str(two_classes))
    assert code == 2
    assert "has 1.0 GiB left, and the run needs 3.0 GiB; free some space" in err
    assert os.listdir() == []


def test_decoded_pictures_that_do_not_fit_on_their_own_disk_are_refused_before_any_trial(
    gan_lightning, two_classes, tmp_path, monkeypatch
):
    cache = tmp_path / "cache"
    monkeypatch.setenv("GAN_LIGHTNING_CACHE", str(cache))
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(start.shutil, "disk_usage", lambda path: usage(100 if path == tmp_path else 2**40))
    monkeypatch.setattr(choice, "tried", lambda *given: pytest.fail("the disk was asked too late"))
    code, err = gan_lightning("start", str(two_classes))
    assert code == 2
    assert f"the disk of {tmp_path} has " in err
    assert "the decoded pictures need 1 MiB; free some space, or let the environment variable GAN" in err


def test_pictures_in_the_working_directory_are_refused_because_runs_are_written_there(
    gan_lightning, tmp_path, monkeypatch
):
    (tmp_path / "pictures" / "below").mkdir(parents=True)
    few(tmp_path / "pictures")
    for place, root in (("pictures", "."), ("pictures/below", "..")):
        monkeypatch.chdir(tmp_path / place)
        code, err = gan_lightning("start", f"root={root}")
        assert code == 2
        assert f"cd to a folder elsewhere and type gan-lightning start {tmp_path / 'pictures'}" in err
        assert err.count("\n") == 1
