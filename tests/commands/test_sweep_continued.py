"""A sweep that continues in its folder: which jobs are there already, and which folders the new ones get."""

import subprocess
from pathlib import Path

import pytest
from hydra.core.hydra_config import HydraConfig

from gan_lightning.config.composition import composed
from gan_lightning.config.equality import as_recorded
from gan_lightning.config.record import RunRecord
from support.command import front_door

SMALL = ["model=gan", "network=mlp", "data=digits", "data.image_size=8", "logger=none", "hydra.sweep.dir=sweep"]


@pytest.fixture
def sweep(monkeypatch, capfd):
    """Runs a sweep whose jobs train nothing, and write the record of a run; returns their folders, or the error."""
    folders = []

    class Job(subprocess.Popen):
        _child_created = False  # there is no process to end

        def __init__(self, words, **options):
            own = [word for word in words[4:] if not word.startswith(("hydra.", "resume="))]
            folder = Path(words[-1].partition("=")[2].strip("'"))
            config = composed(own, with_hydra=True)
            HydraConfig.instance().set_config(config)
            folder.mkdir(parents=True, exist_ok=True)
            RunRecord.of_new_run(own, as_recorded(config)).write(folder)
            folders.append(folder.name)

        def wait(self):
            return 0

    monkeypatch.setattr(subprocess, "Popen", Job)

    def run(*words):
        folders.clear()
        code = front_door("-m", *SMALL, *words)
        shown = capfd.readouterr()
        return list(folders) if code == 0 else shown.err.splitlines()

    return run


def test_jobs_that_are_in_the_folder_keep_their_own_and_new_ones_get_new_numbers(sweep):
    assert sweep("loss=minimax,hinge", "seed=0,1") == [
        "1_loss=minimax,seed=0", "2_loss=minimax,seed=1", "3_loss=hinge,seed=0", "4_loss=hinge,seed=1",
    ]  # fmt: skip
    assert sweep("seed=1,2", "loss=hinge,minimax", "resume=auto", "trainer.max_steps=9") == [
        "4_loss=hinge,seed=1", "2_loss=minimax,seed=1", "5_seed=2,loss=hinge", "6_seed=2,loss=minimax",
    ]  # fmt: skip
    assert sweep("loss=hinge", "seed=3", "resume=auto") == ["7_loss=hinge,seed=3"], "named beside the others"
    assert sweep("model.generator_optimizer.lr=1e-3", "loss=hinge", "resume=auto")[0].startswith("8_")


def test_values_that_do_not_change_the_numbers_set_jobs_apart_where_they_are_swept(sweep):
    assert sweep("trainer.max_steps=2,4") == ["1_max_steps=2", "2_max_steps=4"]
    assert sweep("trainer.max_steps=4,2,8", "resume=auto") == ["2_max_steps=4", "1_max_steps=2", "3_max_steps=8"]


def test_a_job_whose_run_has_no_record_yet_keeps_its_folder(sweep):
    sweep("seed=0,1")
    Path("sweep/2_seed=1/run.json").unlink()
    assert sweep("seed=2,1,0", "resume=auto") == ["3_seed=2", "2_seed=1", "1_seed=0"]


def test_a_folder_of_a_jobs_name_with_another_run_is_refused(sweep):
    sweep("seed=0,1", "data.batch_size=8")
    said = sweep("seed=0,1", "data.batch_size=16", "resume=auto")
    assert said == [
        "error: hydra.sweep.dir=sweep has a run of another configuration in 1_seed=0: data.batch_size is 8 there and "
        "16 here; type what that sweep had to continue it, or name another folder"
    ]
