"""Memory and disks that run out, and faults of the program: what is said, with which exit code, and what is kept."""

import errno
import os
from pathlib import Path

import pytest
import torch

from gan_lightning import files
from gan_lightning.callbacks import samples
from gan_lightning.callbacks.throughput import Throughput
from gan_lightning.models.game import AdversarialGame
from support.command import NARROW

RUN = [
    *(word for word in NARROW if "max_steps" not in word), "trainer.max_steps=4",
    "callbacks.checkpoint.every_n_iterations=1", "hydra.run.dir=run",
]  # fmt: skip


def only_line(err):
    (line,) = [line for line in err.splitlines() if line.strip()]
    assert line.startswith("error: ")
    return line


def fails_at(monkeypatch, owner, name, iteration, error):
    """Let a method of a model or a callback fail at an iteration."""
    usual = getattr(owner, name)

    def failing(self, *given, **more):
        trainer = self.trainer if isinstance(self, AdversarialGame) else given[0]
        if trainer.global_step == iteration:
            raise error
        return usual(self, *given, **more)

    monkeypatch.setattr(owner, name, failing)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        pytest.param(
            RuntimeError("[enforce fail at alloc_cpu.cpp:114] DefaultCPUAllocator: can't allocate memory: you tried"),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_memory_that_does_not_suffice_gets_a_sentence_and_code_4(error, gan_lightning, monkeypatch):
    fails_at(monkeypatch, AdversarialGame, "training_step", 2, error)
    code, err = gan_lightning(*RUN)
    assert code == 4
    said = only_line(err)
    for words in (
        "memory does not suffice at iteration 3 with data.batch_size=8, data.image_size=16 and trainer.precision=32-true",
        "try data.batch_size=4, trainer.precision=bf16-mixed or smaller images",
        f"the checkpoint of iteration 2 is kept: gan-lightning resume={Path('run').absolute()} data.batch_size=4",
    ):
        assert words in said
    assert torch.load("run/checkpoints/last.ckpt", weights_only=True)["global_step"] == 2


@pytest.mark.slow
def test_memory_that_ends_before_there_is_a_checkpoint_is_said_so(gan_lightning, monkeypatch):
    fails_at(monkeypatch, AdversarialGame, "training_step", 0, torch.OutOfMemoryError("out of memory"))
    code, err = gan_lightning(*RUN)
    assert code == 4
    assert "no checkpoint was written, so start a new run" in only_line(err)


class FullAfter:
    """A stand-in for a stream to a disk that is full after some bytes, as far as torch and this package use one."""

    def __init__(self, stream):
        self.stream, self.left = stream, 3000

    def write(self, part):
        self.left -= len(part)
        if self.left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self.stream.write(part)

    def __getattr__(self, name):
        return getattr(self.stream, name)


def test_a_disk_that_a_checkpoint_fills_leaves_the_older_one_and_nothing_else(gan_lightning, monkeypatch):
    atomic_write = files.atomic_write
    count = [0]

    def filling(file):
        count[0] += 1
        return OnFullDisk(atomic_write(file)) if count[0] >= 3 else atomic_write(file)

    monkeypatch.setattr("gan_lightning.callbacks.checkpoint_io.atomic_write", filling)
    code, err = gan_lightning(*RUN)
    assert code == 5
    said = only_line(err)
    for words in (
        f"the disk was full at iteration 3 while {Path('run/checkpoints/0000003.ckpt').absolute()} was written",
        f"the checkpoint of iteration 2 is kept: gan-lightning resume={Path('run').absolute()}",
    ):
        assert words in said
    assert {file.name for file in Path("run/checkpoints").iterdir()} == {"0000001.ckpt", "0000002.ckpt", "last.ckpt"}
    assert torch.load("run/checkpoints/last.ckpt", weights_only=True)["global_step"] == 2


class OnFullDisk:
    """The context of an atomic write whose stream is to a full disk."""

    def __init__(self, context):
        self.context = context

    def __enter__(self):
        return FullAfter(self.context.__enter__())

    def __exit__(self, *error):
        return self.context.__exit__(*error)


@pytest.mark.slow
def test_a_disk_that_a_grid_fills_keeps_the_whole_iteration(gan_lightning, monkeypatch):
    def full(grid, file, title=""):
        if "0000002" in str(file):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(samples, "write_png", full)
    code, err = gan_lightning(*RUN, "callbacks.samples.every_n_iterations=1")
    assert code == 5
    assert "the disk was full at iteration 2" in only_line(err)
    assert torch.load("run/checkpoints/last.ckpt", weights_only=True)["global_step"] == 2


def test_a_fault_in_a_callback_keeps_its_traceback_without_hydras_hint(gan_lightning, monkeypatch):
    fails_at(monkeypatch, Throughput, "on_train_batch_end", 2, RuntimeError("my own fault"))
    code, err = gan_lightning(*RUN)
    assert code == 1
    assert "RuntimeError: my own fault" in err
    assert err.count("Traceback") == 1
    assert "HYDRA_FULL_ERROR" not in err
    assert torch.load("run/checkpoints/last.ckpt", weights_only=True)["global_step"] == 2
