"""A run that an experiment of one's own has made needs its folder alone, and stays the model that it is."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import gan_lightning
from gan_lightning.config.choices import words_of
from gan_lightning.config.record import RunRecord
from gan_lightning.config.restoring import restored_config
from support.command import front_door
from support.configuration import TINY
from support.run_folders import checkpoint, files

MINE = """# @package _global_
# Values and options, and no classes.
defaults:
  - override /model: dcgan
  - override /loss: hinge
  - override /norm: none
  - override /penalty: [r1]
  - override /ema: half_life
model:
  generator: {width: 4, bias: true}
  discriminator: {width: 4}
callbacks: {plots: null}
"""
CLASSES = MINE.replace("\nmodel:", "\nmodel:\n  loss: {_target_: gan_lightning.losses.adversarial.Wasserstein}")
CHANGED = MINE.replace("dcgan", "lsgan").replace("hinge", "minimax").replace("bias: true", "base_size: 4")
MADE = [*(word for word in TINY if not word.startswith(("model=", "network=", "loss="))), "trainer.max_steps=2"]
SHORT = ["trainer.max_steps=3"]


def write(folder, text):
    place = Path(folder, "experiment")
    place.mkdir(parents=True, exist_ok=True)
    (place / "mine.yaml").write_text(text)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run of two iterations by an experiment in a folder of one's own, which is no more."""
    place = tmp_path_factory.mktemp("own")
    write(place / "conf", MINE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_LIGHTNING_CACHE", str(place / "cache"))
        assert front_door("--config-dir", place / "conf", "experiment=mine", *MADE, f"run_dir={place / 'run'}") == 0
    shutil.rmtree(place / "conf")
    return place / "run"


@pytest.fixture
def run(made):
    """A copy of that run, which has been moved to the working directory."""
    shutil.copytree(made, "moved")
    return Path("moved")


def test_a_run_that_has_moved_is_loaded_sampled_and_continued_without_its_experiment(run, capfd):
    loaded = gan_lightning.load(run, device="cpu")
    assert loaded.config.model.generator.bias is True
    assert loaded.config.model.loss._target_.endswith(".Hinge")
    kept = checkpoint(run)["state_dict"]
    assert all(torch.equal(weight, kept[name]) for name, weight in loaded.model.state_dict().items())
    assert front_door("sample", f"run={run}", "num_images=2", "output=drawn", "device=cpu") == 0
    assert front_door(f"resume={run}", *SHORT) == 0
    assert front_door(f"resume={run}", "trainer.max_steps=4") == 0, "a continued run continues"
    shown = capfd.readouterr().out
    assert "--config-dir" not in shown
    record = RunRecord.read(run, "run")
    assert (record.own, record.options["experiment"], record.options["init"]) == ("values", "mine", None)
    report = (run / "report.html").read_text()
    assert "gan-lightning --config-dir FOLDER run_dir=DIR experiment=mine" in report
    assert report.count("--config-dir") == 1


def test_an_experiment_that_has_changed_changes_nothing_of_the_run(run):
    write("conf", CHANGED)
    before = json.loads((run / "run.json").read_text())["config"]["model"]
    assert front_door("--config-dir", "conf", f"resume={run}", "experiment=mine", "model=dcgan", *SHORT) == 0
    assert json.loads((run / "run.json").read_text())["config"]["model"] == before
    assert gan_lightning.load(run, config_dir="conf", device="cpu").config.model.generator.bias is True


ANOTHER = {
    "experiment": ("experiment=demo", "experiment=mine"),
    "model": ("model=lsgan", "model=dcgan"),
    "network": ("network=mlp", "network=dcgan"),
    "loss": ("loss=least_squares", "loss=hinge"),
}


@pytest.mark.parametrize("group", ANOTHER)
def test_a_continuation_does_not_make_another_model_of_the_run(group, run, capfd):
    word, then = ANOTHER[group]
    before = files(run)
    for resume in run, run / "checkpoints" / "last.ckpt":
        assert front_door(f"resume={resume}", word, *SHORT) == 2
        said = f"{word} is not what {resume} was made with, {then}; leave it out, or type init_from={resume}"
        assert said in capfd.readouterr().err
    assert files(run) == before


def test_an_experiment_with_classes_is_asked_for(capfd):
    write("conf", CLASSES)
    flags, folder = ["--config-dir", "conf"], ["run_dir=run"]
    assert front_door(*flags, "experiment=mine", *MADE, *folder) == 0
    assert "gan-lightning sample run=run --config-dir conf" in capfd.readouterr().out
    assert front_door("sample", "run=run") == 2
    assert "model.loss is of a class that experiment/mine.yaml has named" in (said := capfd.readouterr().err)
    assert "type --config-dir FOLDER, the folder with experiment/mine.yaml" in said
    assert front_door(*flags, f"resume={Path('run').absolute()}", *SHORT) == 0
    assert "--config-dir FOLDER" in Path("run/report.html").read_text()
    write("conf", MINE)
    capfd.readouterr()
    assert front_door("sample", *flags, "run=run") == 2
    assert "which has changed since" in capfd.readouterr().err


HOSTILE = {
    "a folder above": {"loss": "../../x"},
    "a class": {"model._target_": "torch"},
    "a class for all": {"_target_": "torch"},
    "a setting of Hydra": {"hydra/launcher": "basic"},
    "a place of Hydra": {"logger@hydra.x": "csv"},
    "a value": {"seed": "3"},
    "a mapping": {"loss": {"_target_": "torch.load"}},
    "a folder above in a list": {"penalty": ["r1", "../x"]},
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_recorded_option_is_nothing_but_an_option(case, run, capfd):
    content = json.loads((run / "run.json").read_text())
    content["options"] |= HOSTILE[case]
    (run / "run.json").write_text(json.dumps(content))
    assert front_door(f"resume={run}", *SHORT) == 2
    assert "is no choice of an option such as model=dcgan" in capfd.readouterr().err


def test_a_recorded_option_of_no_group_adds_no_key(run):
    record = RunRecord.read(run, "run")
    with pytest.raises(ValueError, match="'.extra=on' is no choice of an option"):
        words_of(replace(record, options=record.options | {"extra": "on"}), [], "run")


def test_a_recorded_option_that_does_not_exist_is_named(run, capfd):
    content = json.loads((run / "run.json").read_text())
    content["options"]["loss"] = "nonsense"
    (run / "run.json").write_text(json.dumps(content))
    assert front_door(f"resume={run}", *SHORT) == 2
    assert "loss has no option nonsense" in capfd.readouterr().err


def test_classes_come_from_the_options_and_not_from_the_record(run):
    record = RunRecord.read(run, "run")
    record.config["model"]["generator"]["_target_"] = "torch.load"
    with pytest.raises(ValueError, match="model.generator is of a class that experiment/mine.yaml has named"):
        restored_config(record, [], "run")
