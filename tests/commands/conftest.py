"""Short runs of models that translate, and the command `check`, shared by the tests of commands."""

import json
import sys
from pathlib import Path

import pytest
from hydra.core.global_hydra import GlobalHydra

from gan_lightning.__main__ import main
from support.command import front_door
from support.small_files import picture
from support.translating import SHORT


@pytest.fixture(scope="session")
def train(tmp_path_factory):
    """Train for two iterations; return the run folder."""

    def train(*overrides):
        folder = tmp_path_factory.mktemp("runs") / "run"
        cache = tmp_path_factory.getbasetemp() / "cache"
        words = [*SHORT, f"data.cache_dir={cache}", *overrides, f"hydra.run.dir={folder}"]
        assert front_door(*words) == 0
        return folder

    return train


@pytest.fixture(scope="session")
def pix2pix(train, pairs):
    return train("model=pix2pix", "data=paired", f"data.root={pairs}")


@pytest.fixture(scope="session")
def cyclegan(train, two_domains):
    words = ["model=cyclegan", "data=unpaired", f"data.root={two_domains}", "model.generator.blocks=1"]
    return train(*words, "ema=half_life", "model.ema.ramp_up=null")


@pytest.fixture(scope="session")
def from_noise(train):
    return train("data=digits", "model=gan", "network=mlp", "data.image_size=8")


@pytest.fixture(scope="session")
def from_pictures(train, classes):
    """A run on nine pictures; six others are held out."""
    words = ["data=folder", f"data.root={classes}", "data.test_fraction=0.4"]
    return train(*words, "model=gan", "network=mlp", "data.image_size=8")


@pytest.fixture(scope="session")
def by_class(train, classes):
    """A run on fifteen pictures of three classes; none is held out."""
    return train("data=folder_labelled", f"data.root={classes}", "model=cgan", "data.image_size=16")


@pytest.fixture(scope="session")
def points(tmp_path_factory):
    """A run on points."""
    folder = tmp_path_factory.mktemp("points") / "run"
    words = ["data=ring", "model=gan", "network=mlp", "data.batch_size=4", "callbacks=checkpoint", "logger=none"]
    assert front_door(*words, "trainer=cpu", "trainer.max_steps=1", f"hydra.run.dir={folder}") == 0
    return folder


@pytest.fixture
def photos(tmp_path):
    """Write a nested folder of pictures of several sizes and formats, and a text."""
    root = tmp_path / "photos"
    (root / "deep" / "er").mkdir(parents=True)
    picture(1, 33, 47).save(root / "a.png")
    picture(2, 64, 30).save(root / "deep" / "b.JPG")
    picture(3, 5, 2).save(root / "deep" / "er" / "tiny.bmp")
    picture(4, 40, 40).save(root / "c.webp")
    (root / "notes.txt").write_text("no image")
    return root


@pytest.fixture
def check(monkeypatch, capfd):
    """Runs the command; returns exit code, what was shown, and the JSON report."""

    def run(*arguments):
        GlobalHydra.instance().clear()
        monkeypatch.setattr(sys, "argv", ["gan-lightning", "check", "data.image_size=16", *arguments])
        capfd.readouterr()
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code
        shown = capfd.readouterr()
        reports = sorted(Path("outputs/check").glob("*/check.json")) if Path("outputs/check").is_dir() else []
        return code, " ".join((shown.out + shown.err).split()), json.loads(reports[-1].read_text()) if reports else {}

    return run
