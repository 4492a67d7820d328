"""Jobs of SLURM, with a stand-in for `scontrol`."""

import logging
import os
import signal
from pathlib import Path

import pytest

from gan_lightning import slurm
from gan_lightning.callbacks.throughput import Throughput
from support.command import NARROW

JOB = {"SLURM_JOB_ID": "17", "SLURM_JOB_NAME": "gan", "SLURM_NTASKS": "1", "SLURM_PROCID": "0", "SLURM_LOCALID": "0"}
ARRAY = {"SLURM_ARRAY_JOB_ID": "12", "SLURM_ARRAY_TASK_ID": "3"}


@pytest.fixture
def job(monkeypatch):
    """Make this process a job of SLURM; return a function that reads what scontrol was asked to do."""

    def job(answer=0, **environment):
        script = Path("bin/scontrol")
        script.parent.mkdir()
        script.write_text(f'#!/bin/sh\necho "$@" >> {Path.cwd()}/asked\necho "no such job" >&2\nexit {answer}\n')
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{script.parent.absolute()}:{os.environ['PATH']}")
        for name, value in (JOB | environment).items():
            monkeypatch.setenv(name, value)
        return lambda: Path("asked").read_text().splitlines() if Path("asked").exists() else []

    return job


@pytest.mark.slow
def test_sigusr1_puts_the_job_back_into_the_queue_once_everything_is_written(job, gan_lightning, monkeypatch):
    usual = Throughput.on_train_batch_end

    def signal_at_2(self, trainer, *given):
        if trainer.global_step == 2:
            os.kill(os.getpid(), signal.SIGUSR1)
        usual(self, trainer, *given)

    monkeypatch.setattr(Throughput, "on_train_batch_end", signal_at_2)
    asked = job()
    code, _ = gan_lightning(*NARROW, "trainer.max_steps=4", "hydra.run.dir=run")
    assert (code, asked()) == (138, ["requeue 17"])
    assert {"0000003.ckpt", "last.ckpt"} <= {file.name for file in Path("run/checkpoints").iterdir()}
    assert not list(Path().rglob("hpc_ckpt*")), "Lightning's own checkpoint of a job"
    log = Path("run/train.log").read_text()
    assert "job 17 is back in the queue" in log
    assert "auto-requeueing enabled" not in log, "Lightning's own requeueing"


def test_a_task_of_an_array_is_named_by_the_array_and_its_number(job):
    asked = job(**ARRAY)
    slurm.requeue_after(signal.SIGUSR1)
    assert asked() == ["requeue 12_3"]


@pytest.mark.parametrize("number", [0, signal.SIGTERM, signal.SIGINT])
def test_any_other_end_is_for_good(number, job):
    asked = job()
    slurm.requeue_after(number)
    assert asked() == []


def test_outside_slurm_nothing_is_asked(job, monkeypatch):
    asked = job()
    monkeypatch.delenv("SLURM_JOB_ID")
    slurm.requeue_after(signal.SIGUSR1)
    assert asked() == []


def test_a_job_that_cannot_be_requeued_says_so(job, monkeypatch, caplog):
    job(answer=1)
    with caplog.at_level(logging.WARNING):
        slurm.requeue_after(signal.SIGUSR1)
    assert "job 17 is not put back into the queue: scontrol says no such job" in caplog.text
    monkeypatch.setenv("PATH", "")
    slurm.requeue_after(signal.SIGUSR1)
    assert "because there is no scontrol on PATH" in caplog.text
