"""A few iterations of a recipe on this device: the time of one, the memory that they take, and what a run forecasts."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from lightning import Callback, LightningModule, Trainer, seed_everything
from omegaconf import DictConfig

from gan_lightning.config.arguments import in_quotes
from gan_lightning.config.checks import without_unused_parts
from gan_lightning.config.composition import composed, searching
from gan_lightning.recipes.memory import forget_peak_memory, peak_memory

ITERATIONS, WARM_UP = 20, 2
FEWEST = 3
"""Iterations after which a trial may end early."""
CLEARLY = 2.0
"""A recipe is clearly too slow if an iteration takes this many times as long as it may."""
NOT_TRIED = ("progress", "graceful_stop")
"""Callbacks that a trial does without, because it shows no progress, and a signal ends it as it ends a command."""


@dataclass(frozen=True)
class Trial:
    """What a few iterations have shown.

    Args:
        iterations: how many were timed; 0 if the trial ended before any.
        seconds: of one iteration.
        seconds_of_files: of the grid, the plots and the checkpoint that are written together.
        memory: bytes at the peak: of the GPU where there is one, else of the whole process.
        checkpoint: bytes of one checkpoint.
        files: bytes of a grid and its plots, about.
        was_stopped: whether it was stopped as clearly too slow.
    """

    iterations: int
    seconds: float
    seconds_of_files: float
    memory: int
    checkpoint: int
    files: int
    was_stopped: bool


class Stopwatch(Callback):
    """Times iterations after a warm-up, and stops training that is clearly too slow or out of time.

    Args:
        slowest: seconds that an iteration may take.
        until: the time of the monotonic clock at which training stops.
    """

    def __init__(self, slowest: float, until: float) -> None:
        self.slowest, self.until = slowest, until
        self.began = self.ended = 0.0
        self.timed, self.was_stopped = 0, False

    @property
    def seconds(self) -> float:
        """The mean of the iterations that were timed."""
        return (self.ended - self.began) / max(1, self.timed)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, outputs: Any, *batch: Any) -> None:
        if pl_module.device.type != "cpu":
            torch.accelerator.synchronize()
        self.ended = time.monotonic()
        if trainer.global_step <= WARM_UP:
            self.began = self.ended
            return
        self.timed = trainer.global_step - WARM_UP
        if trainer.global_step >= FEWEST:
            self.was_stopped = self.seconds > CLEARLY * self.slowest
            trainer.should_stop = self.was_stopped or self.ended > self.until


def tried(folder: Path, root: Path, slowest: float, until: float) -> Trial:
    """Train by `experiment=mine` of a folder for a few iterations, through the real model, data path and callbacks.

    Args:
        folder: a folder for this trial alone, which holds `experiment/mine.yaml` and gets all files that are written.
        root: the folder of the pictures that are trained on.
        slowest: seconds that an iteration may take; see `Stopwatch`.
        until: the time of the monotonic clock at which the trial ends after an iteration.

    Raises:
        RuntimeError: if memory does not suffice, on some devices; a MemoryError on others.
    """
    config = without_unused_parts(_composed(folder, root))
    seed_everything(config.seed, verbose=False)
    watch = Stopwatch(slowest, until)
    with _silence():
        model, data, trainer = (instantiate(config[part]) for part in ("model", "data", "trainer"))
        trainer.callbacks.insert(0, watch)
        forget_peak_memory()
        trainer.fit(model, data)
        seconds_of_files = time.monotonic() - watch.ended
    checkpoints = {file.stat().st_ino: file.stat().st_size for file in (folder / "run" / "checkpoints").glob("*")}
    whole = sum(file.stat().st_size for file in (folder / "run").rglob("*") if file.is_file())
    own = sum(file.stat().st_size for file in (folder / "run" / "checkpoints").glob("*"))
    return Trial(
        watch.timed,
        watch.seconds,
        seconds_of_files,
        peak_memory(),
        max(checkpoints.values(), default=0),
        (whole - own) // 2,  # the start's grid and the end's
        watch.was_stopped,
    )


def _composed(folder: Path, root: Path) -> DictConfig:
    quoted = {name: in_quotes(str(folder / name)) for name in ("run", "cache")}
    words = [f"run_dir={quoted['run']}", f"data.cache_dir={quoted['cache']}", f"data.root={in_quotes(str(root))}"]
    words += [f"trainer.max_steps={ITERATIONS}", "+trainer.enable_progress_bar=false"]
    with searching(folder):
        return composed(["experiment=mine", *words, *(f"callbacks.{part}=null" for part in NOT_TRIED)])


@contextmanager
def _silence() -> Iterator[None]:
    """Keep the trial's own log, which would say that a run has ended, from the user."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(before)
