"""Scalars, images and texts of callbacks reach every logger that can show them."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hydra.utils import instantiate
from lightning import Trainer
from lightning.pytorch.loggers import Logger
from PIL import Image

from gan_lightning.callbacks.publishing import publish_image, publish_scalars, publish_text
from support.command import NARROW, front_door, the_run
from support.playing import SMALL, play


class Plain(Logger):
    """A logger of scalars alone."""

    def __init__(self):
        super().__init__()
        self.scalars = {}

    @property
    def name(self):
        return "plain"

    @property
    def version(self):
        return "0"

    def log_hyperparams(self, params):
        pass

    def log_metrics(self, metrics, step=None):
        for name, value in metrics.items():
            self.scalars.setdefault(name, []).append((step, float(value)))


class Showing(Plain):
    """A logger that also shows images and texts, as SwanLab's does."""

    def __init__(self):
        super().__init__()
        self.images, self.texts = {}, {}

    def log_image(self, key, images, step=None):
        self.images.setdefault(key, []).extend((step, image) for image in images)

    def log_text(self, key, texts, step=None):
        self.texts.setdefault(key, []).extend((step, text) for text in texts)


@pytest.fixture
def loggers(composed, tmp_path):
    """The loggers of a run of two iterations with grids, pages and its speed."""
    config = composed("model=dcgan", *SMALL, "data.channels=1", run_dir=tmp_path)
    model = instantiate(config.model)
    callbacks = [instantiate(config.callbacks[name]) for name in ("samples", "board", "throughput")]
    found = [Plain(), Showing()]
    play(model, max_steps=2, callbacks=callbacks, logger=found)
    return found


def test_what_callbacks_show_reaches_each_logger_that_can_show_it(loggers, tmp_path):
    plain, showing = loggers
    assert [step for step, _ in showing.images["samples"]] == [0, 2]
    assert len(showing.images["real"]) == 1
    assert [step for step, _ in showing.texts["configuration"]] == [0]
    for each in loggers:
        assert [step for step, _ in each.scalars["images_per_second"]] == [2]
        assert each.scalars["d_out/undecided"] == [(1, 0.5), (2, 0.5)]
    assert plain.scalars.keys() == showing.scalars.keys()


def test_loggers_are_shown_the_pixels_of_the_files(loggers, tmp_path):
    for step, image in loggers[1].images["samples"]:
        with Image.open(tmp_path / "samples" / f"{step:07d}.png") as file:
            assert np.abs(np.asarray(file, int) - np.asarray(image, int)).max() <= 1


def test_a_process_that_is_not_the_first_publishes_neither_images_nor_texts(monkeypatch):
    logger = Showing()
    further = Trainer(accelerator="cpu", logger=logger, enable_checkpointing=False, enable_progress_bar=False)
    monkeypatch.setattr(Trainer, "is_global_zero", False)
    publish_image(further, "samples", Image.new("L", (4, 4)), 1)
    publish_text(further, "guard", "a sentence", 1)
    publish_scalars(further, {"scores/fid": 1.0}, 1)
    assert (logger.images, logger.texts) == ({}, {})
    assert logger.scalars == {"scores/fid": [(1, 1.0)]}


@pytest.mark.parametrize("package", ["wandb", "swanlab"])
def test_a_missing_extra_gets_a_sentence_that_says_what_to_install(package, monkeypatch, capfd):
    monkeypatch.setattr("lightning.pytorch.loggers.wandb._WANDB_AVAILABLE", False)
    monkeypatch.setitem(sys.modules, "swanlab", None)
    assert front_door(*NARROW, f"logger=[default,{package}]") == 2
    said = capfd.readouterr().err
    assert f"logger={package} needs the package {package}: pip install 'gan-lightning-lab[{package}]'" in said
    assert said.count("\n") == 1
    assert not Path("outputs").exists()


def test_weights_and_biases_keeps_a_run_offline_and_the_run_continues(monkeypatch):
    wandb = pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_SILENT", "true")
    words = ["logger=[default,wandb]", "logger.wandb.offline=true", "metric=[fid]", "hydra.run.dir=runs/run"]
    assert front_door(*NARROW, *words) == 0
    wandb.finish()
    (kept,) = Path("runs/wandb").glob("offline-run-*")
    names = {file.name.split("_")[0] for file in (kept / "files" / "media" / "images").rglob("*.png")}
    assert {"samples", "real"} <= names
    assert list(kept.glob("*.wandb"))
    assert list((kept / "files" / "media" / "table").rglob("*.json")), "texts are tables"
    assert not [file for file in Path("runs/run").rglob("*") if file.is_symlink()]
    assert front_door("resume=runs/run", "trainer.max_steps=3") == 0
    wandb.finish()


def test_swanlab_is_given_images_and_texts(monkeypatch):
    swanlab = pytest.importorskip("swanlab")
    assert front_door(*NARROW, "logger=[default,swanlab]", "logger.swanlab.mode=offline") == 0
    swanlab.finish()
    run = the_run()
    assert [file for file in (run / "swanlog").rglob("*") if file.suffix == ".png"]
    assert not [file for file in run.rglob("*") if file.is_symlink()]
