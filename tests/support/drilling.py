"""Real runs that are signalled or killed, and what they leave behind."""

import os
import re
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import ClassVar

from support.configuration import TINY

MARK = "GAN_LIGHTNING_DRILL"
ENDLESS = [
    *[word for word in TINY if not word.startswith(("trainer.max_steps", "trainer.limit"))],
    "model.generator.width=2", "model.discriminator.width=2", "trainer.max_epochs=-1", "trainer.max_steps=1000000",
    "callbacks.checkpoint.every_n_iterations=20",
]  # fmt: skip
"""A small run that goes on until it is stopped."""
LONG_SCORES = ["metric=[fid]", "callbacks.scores.every_n_iterations=10", "callbacks.scores.num_images=10000000"]
"""Scores that take hours, so that a signal comes while they are computed."""
CODES = {"SIGINT": 130, "SIGTERM": 143, "SIGUSR1": 138}


class Drill:
    """A command line in a process group of its own; all its processes have a mark in their environment.

    Args:
        words: the words after `gan-lightning`.
        environment: more variables of the environment.
    """

    started: ClassVar[list["Drill"]] = []
    """Those of this test, which are killed at its end, so that no failed test slows the others down."""

    def __init__(self, *words, **environment):
        self.mark = secrets.token_hex(8)
        self.started.append(self)
        self.file = Path(f"shown-{self.mark}").absolute()
        with self.file.open("wb") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gan_lightning", *map(str, words)],
                stdout=stream, stderr=stream, process_group=0, env=os.environ | environment | {MARK: self.mark},
            )  # fmt: skip

    @property
    def shown(self):
        return self.file.read_text()

    def wait_for(self, is_there, seconds=120):
        """Wait until a function returns something true, and return that."""
        end = time.monotonic() + seconds
        while not (found := is_there()):
            assert self.process.poll() is None, self.shown
            assert time.monotonic() < end, self.shown
            time.sleep(0.02)
        return found

    def wait_for_file(self, pattern):
        """Wait until there is a file below the current folder, and return its path."""
        return self.wait_for(lambda: next(Path().glob(pattern), None))

    def send(self, name, target="main"):
        """Send a signal to the whole group, to the first process alone, or to its first further rank alone."""
        number, pid = signal.Signals[name], self.process.pid
        if target == "group":
            os.killpg(pid, number)
        elif target == "main":
            os.kill(pid, number)
        else:
            (rank,) = [each for each in self.alive() if b"hydra.job.name=train_ddp_process_1" in command_line(each)]
            os.kill(rank, number)

    def end(self, seconds=90):
        """Wait for the end; return the exit code and the seconds that it took. Nothing may be left running."""
        begin = time.monotonic()
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise AssertionError(f"it did not end: {self.shown}") from None
        took = time.monotonic() - begin
        for _ in range(250):
            if not self.alive():
                break
            time.sleep(0.02)
        assert [command_line(pid) for pid in self.alive()] == []
        return code, took

    def alive(self):
        """Return the process ids of all its processes."""
        mark = f"{MARK}={self.mark}".encode()
        return [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdecimal() and has(folder, mark)]


def has(folder, mark):
    """Whether a process, given by its folder in /proc, has a mark in its environment; a zombie has none."""
    try:
        return mark in (folder / "environ").read_bytes()
    except OSError:
        return False


def command_line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def unfinished(folder="."):
    """Return what a process that is killed may leave: temporary files and files that are locks."""
    return [str(file) for file in Path(folder).rglob("*") if re.search(r"\.(tmp|lock|making)$", file.name)]
