"""Sweeps: what is checked before the first job, what each job is called, and how the end is told."""

import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from gan_lightning.evaluation.records import ScoreFile
from gan_lightning.reports import sweep_table
from support.command import front_door
from support.scored_runs import RECORD


@pytest.fixture
def jobs(monkeypatch):
    """Jobs that train nothing: they write two scores, the second by their batch size; a batch of 3 makes a job fail."""
    started = []

    class Job(subprocess.Popen):
        _child_created = False  # there is no process to end

        def __init__(self, words, **options):
            started.append(words)
            own = dict(word.split("=", 1) for word in words if "=" in word)
            self.size, folder = int(own["data.batch_size"]), Path(own["hydra.run.dir"].strip("'"))
            folder.mkdir(parents=True)
            (folder / "train.log").touch()
            if self.size != 3:
                at = [replace(RECORD, iteration=at, value=value) for at, value in ((100, 9.0), (200, 10.0 + self.size))]
                ScoreFile(folder / "scores.jsonl").append(at)

        def wait(self):
            return int(self.size == 3)

    monkeypatch.setattr(subprocess, "Popen", Job)
    monkeypatch.setenv("COLUMNS", "80")
    return started


SMALL = ["model=gan", "network=mlp", "data=digits", "data.image_size=8"]
WRONG = {
    "an option and a folder": (
        ["loss=hinge,hingee", "data=folder", "data.root=.,nowhere"],
        [
            "error: job 1 of 4, loss=hinge root=.: data.root must name a folder with images, in it or in any sub-folder; "
            ". holds no files at all",
            "job 2 of 4, loss=hinge root=nowhere: data.root must name a folder or .zip file that exists; there is "
            "no folder or .zip file nowhere",
            "jobs 3 and 4 of 4, loss=hingee: loss has no option hingee; did you mean loss=hinge?",
        ],
    ),
    "a key that the other jobs have": (
        ["ema=none,half_life", "model.ema.half_life=9"],
        [
            "error: job 1 of 2, ema=none: model.ema.half_life is no key of the configuration; type ema=half_life "
            "model.ema.half_life=9"
        ],
    ),
    "what all have": (["seed=0,1", "trainer.max_steps=abc"], ["error: trainer.max_steps must be a whole number"]),
    "an option that the other jobs have not": (
        ["model=cgan", "data=celeba,digits"],
        ["error: job 1 of 2, data=celeba: model=cgan needs images with classes, and those of data=celeba have none"],
    ),
    "jobs whose numbers are equal": (
        ["model.loss.real_target=1,0.9,1.0"],
        ["error: jobs 1 and 3 of 3 are one and the same: real_target=1 and real_target=1.0; leave one out"],
    ),
    "what only parts can tell, of many seeds": (
        ["model=dcgan,pix2pix", "data=digits", "seed=0,1,2"],
        ["error: jobs 4, 5 and 6 of 6, model=pix2pix: model=pix2pix is trained on pairs of images, and data=digits"],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_job_is_named_before_any_job_starts_or_has_a_folder(case, jobs, capfd):
    words, said = WRONG[case]
    assert front_door("-m", *words) == 2
    shown = capfd.readouterr()
    lines = shown.err.splitlines()
    assert [line[: len(begin)] for line, begin in zip(lines, said, strict=False)] == said
    remedy = (
        "; leave the wrong ones out, or give them a sweep of their own"
        if " of " in said[0] and case not in ("an option and a folder", "jobs whose numbers are equal")
        else ""
    )
    assert lines[len(said) :] == [f"no job is started{remedy}"]
    assert (shown.out, jobs, list(Path().iterdir())) == ("", [], [])


def test_each_job_is_called_by_what_differs_and_the_end_tells_how_they_went(jobs, capfd):
    own = Path("own/experiment")
    own.mkdir(parents=True)
    (own / "mine.yaml").write_text("# @package _global_\nhydra: {sweeper: {params: {data.batch_size: '1,3'}}}\n")
    words = ["--config-dir=own", "experiment=mine", "trainer.max_steps=2", "hydra.sweep.dir=sweep"]
    assert front_door("-m", *words) == 1
    lines = [line.rstrip() for line in capfd.readouterr().out.splitlines()]
    assert lines[:4] == [
        "sweep of 2 jobs in sweep: experiment=mine trainer.max_steps=2",
        "job 1 of 2: batch_size=1",
        "job 2 of 2: batch_size=3",
        "by fid (lower is better)",
    ]
    assert sorted(path.name for path in Path("sweep").iterdir()) == [
        "1_batch_size=1",
        "2_batch_size=3",
        "multirun.yaml",
    ]
    assert [f"--config-dir={Path('own').absolute()}" in words for words in jobs] == [True, True]
    rows = [line.split() for line in lines if line[:5].strip().isdecimal()]
    assert rows == [
        ["1", "batch_size=1", "finished", "0.0", "9", "100", "11", "200"],
        ["2", "batch_size=3", "failed", "0.0"],
    ]
    assert lines[-4:] == [
        "1 of 2 finished",
        "job 2, batch_size=3, failed: see sweep/2_batch_size=3/train.log",
        "continue:     gan-lightning -m resume=auto --config-dir=own experiment=mine trainer.max_steps=2 "
        "hydra.sweep.dir=sweep",
        "compare:      gan-lightning compare sweep",
    ]
    assert max(map(len, lines[4:-4])) <= 80


def test_one_value_is_a_sweep_of_one_job(jobs, capfd):
    assert front_door("-m", "data.batch_size=1", "hydra.sweep.dir=sweep") == 0
    lines = capfd.readouterr().out.splitlines()
    assert lines[:2] == ["sweep of 1 job in sweep: data.batch_size=1", "job 1 of 1"]
    assert {path.name for path in Path("sweep").iterdir()} == {"1", "multirun.yaml"}


def test_all_jobs_are_in_one_folder_that_is_named_after_the_time(jobs):
    assert front_door("-m", *SMALL, "data.batch_size=1,2,4") == 0
    (sweep,) = Path("outputs/sweep").iterdir()
    assert len(list(sweep.glob("*_batch_size=*"))) == 3


def test_a_key_that_only_swept_options_have_needs_no_plus(jobs):
    words = ["loss=choice(least_squares)", "model.loss.factor=0.4", "data.batch_size=1"]
    assert front_door("-m", *SMALL, *words, "hydra.sweep.dir=sweep") == 0
    assert "model.loss.factor=0.4" in jobs[0]


def test_the_folder_of_another_sweep_is_refused_before_a_job_starts(jobs, capfd):
    words = ["-m", *SMALL, "data.batch_size=1,2", "hydra.sweep.dir=sweep"]
    assert front_door(*words) == 0
    before = len(jobs)
    capfd.readouterr()
    assert front_door("-m", *SMALL, "seed=0,1", "data.batch_size=1", "hydra.sweep.dir=sweep") == 2
    assert capfd.readouterr().err.startswith(
        "error: hydra.sweep.dir=sweep has runs already, such as 1_batch_size=1; type resume=auto to"
    )
    assert len(jobs) == before


def test_runs_in_the_folder_do_not_stop_a_sweep_of_a_command_that_cannot_continue(jobs):
    Path("sweep/1").mkdir(parents=True)
    Path("sweep/1/run.json").touch()
    words = ["data=digits", "data.image_size=8,16", "data.batch_size=1", "data.cache=off", "hydra.sweep.dir=sweep"]
    assert front_door("check", "-m", *words) == 0


def test_a_sweep_without_scores_says_how_to_get_some(tmp_path, capfd):
    job = sweep_table.Job("", tmp_path, "finished", None, 60.0)
    said = []
    for _ in range(2):
        sweep_table.show([job], 1, "sweep", False, ["gan-lightning"])
        said.append("needs scores: train with metric=[fid]" in capfd.readouterr().out)
        ScoreFile(tmp_path / "evaluations.jsonl").append([RECORD])
    assert said == [True, False]


def test_a_signal_ends_a_sweep_with_its_table_although_the_job_finishes(jobs, capfd, monkeypatch):
    def wait(job):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)  # another thread looks who answers
        return 0

    monkeypatch.setattr(subprocess.Popen, "wait", wait)
    monkeypatch.setattr(subprocess.Popen, "send_signal", lambda job, number: None)
    assert front_door("-m", *SMALL, "data.batch_size=1,2,4", "hydra.sweep.dir=sweep") == 130
    said = capfd.readouterr().out
    assert "sweep stopped: 1 of 3 jobs finished, 0 stopped or failed, 2 not started" in said
    again = "gan-lightning -m resume=auto model=gan network=mlp data=digits data.image_size=8 data.batch_size=1,2,4"
    assert f"continue:     {again} hydra.sweep.dir=sweep\n" in said
    assert len(jobs) == 1
