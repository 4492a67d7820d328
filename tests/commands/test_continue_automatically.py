"""`resume=auto` finds the run that goes on, begins one where there is none, and ends where nothing is left to do."""

import shutil
from pathlib import Path

import pytest

from support.command import NARROW, front_door, the_run
from support.run_folders import checkpoint, files

BARE = [
    *[word for word in NARROW if not word.startswith("callbacks.")], "callbacks=checkpoint", "logger=none",
]  # fmt: skip


def test_auto_starts_continues_and_ends(capfd):
    words = [*NARROW, "resume=auto", "callbacks.checkpoint.every_n_iterations=1"]
    assert front_door(*words, "trainer.max_steps=2") == 0
    assert "resume=auto finds no run to continue in outputs/train; a new one begins\n" in capfd.readouterr().err
    run = the_run()
    assert front_door(*words, "trainer.max_steps=2") == 0
    assert f"resume=auto: {run} is finished; nothing is left to do" in capfd.readouterr().err.replace(
        f"{Path.cwd()}/", ""
    )
    assert front_door(*words, "trainer.max_steps=3", "logger=none", "trainer.log_every_n_steps=2") == 0
    assert the_run() == run
    assert checkpoint(run)["global_step"] == 3
    assert front_door(*words, "trainer.max_steps=2", "model.discriminator_optimizer.lr=0.1") == 0
    assert len(list(Path("outputs/train").iterdir())) == 2, "another configuration is another run"


@pytest.mark.slow
def test_auto_finds_runs_whose_options_are_below_a_config_dir():
    Path("mine/loss").mkdir(parents=True)
    Path("mine/loss/soft.yaml").write_text(
        "# @package model.loss\n_target_: gan_lightning.losses.adversarial.NonSaturating\nreal_target: 0.7\n"
    )
    words = ["--config-dir", "mine", *NARROW, "loss=soft", "resume=auto"]
    assert front_door(*words, "trainer.max_steps=1") == 0
    assert front_door(*words, "trainer.max_steps=2") == 0
    assert checkpoint(the_run())["global_step"] == 2
    assert checkpoint(the_run())["hyper_parameters"]["model"]["loss"]["real_target"] == 0.7


@pytest.mark.slow
def test_auto_in_a_folder_of_its_own(capfd):
    words = [*NARROW, "resume=auto", "hydra.run.dir=own"]
    assert front_door(*words, "trainer.max_steps=2") == 0
    assert front_door(*words, "trainer.max_steps=3") == 0
    assert checkpoint("own")["global_step"] == 3
    assert front_door(*words, "seed=3") == 2
    assert "has a run of another configuration" in capfd.readouterr().err
    for file in Path("own/checkpoints").iterdir():
        file.unlink()
    assert front_door(*words, "trainer.max_steps=1") == 0, (
        "one that was killed before its first checkpoint starts again"
    )
    assert checkpoint("own")["global_step"] == 1
    assert Path("own/losses.csv").read_text().count("\n") == 2, "nothing that the killed one recorded is kept"
    assert {image.name for image in Path("own/samples").iterdir()} == {"real.png", "0000000.png", "0000001.png"}


def test_auto_in_a_folder_whose_name_has_values_finds_and_does_not_overwrite(capfd):
    words = [*BARE, "seed=3", "hydra.run.dir='runs/${seed}'"]
    assert front_door(*words, "trainer.max_steps=1") == 0
    before = files("runs")
    assert front_door(*words, "trainer.max_steps=2") == 2
    assert "hydra.run.dir=runs/3 has a run already" in capfd.readouterr().err
    assert files("runs") == before
    assert front_door(*words, "trainer.max_steps=2", "resume=auto") == 0
    assert checkpoint("runs/3")["global_step"] == 2


def test_auto_continues_on_data_that_have_moved_and_not_on_other_data(photos):
    shutil.copytree(photos, "first")
    words = [*BARE, "resume=auto", "data=folder", "data.image_size=16", "data.batch_size=2"]
    assert front_door(*words, "data.root=first", "trainer.max_steps=1") == 0
    run = the_run()
    Path("first").rename("moved")
    assert front_door(*words, "data.root=moved", "trainer.max_steps=2") == 0
    assert the_run() == run
    shutil.copytree("moved", "other")
    assert front_door(*words, "data.root=other", "trainer.max_steps=3") == 0
    assert len(list(Path("outputs/train").iterdir())) == 2


def test_auto_continues_to_the_limits_of_today(capfd):
    words = [*BARE, "resume=auto", "hydra.run.dir=run"]
    assert front_door(*words, "trainer.max_steps=1") == 0
    Path("mine/trainer").mkdir(parents=True)
    Path("mine/trainer/longer.yaml").write_text("defaults:\n  - cpu\nmax_steps: 3\n")
    words = [word for word in words if "max_steps" not in word]
    assert front_door("--config-dir", "mine", *words, "trainer=longer") == 0
    assert checkpoint("run")["global_step"] == 3


def test_auto_ends_where_the_time_for_training_is_spent(capfd):
    words = [*BARE, "resume=auto", "trainer.max_steps=9999", "+trainer.max_time=00:00:00:01"]
    assert front_door(*words) == 0
    assert front_door(*words) == 0
    assert "is finished; nothing is left to do" in capfd.readouterr().err
