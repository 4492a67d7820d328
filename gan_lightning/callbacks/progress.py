"""One progress bar for the whole run."""

import logging
import time
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import ProgressBar
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

log = logging.getLogger(__name__)

INTERVAL = 0.1
"""Seconds between two looks of the bar; an iteration may take less than to draw it."""


class RunProgress(ProgressBar):
    """Shows the run's iterations, the time left, both players' losses and the iterations per second.

    Lightning's own bars start again in every epoch, and an epoch of a small data set may take only a second.
    """

    def __init__(self) -> None:
        super().__init__()
        self.bar: Progress | None = None
        self.enabled = True
        self.shown = 0.0

    def disable(self) -> None:
        self.enabled = False

    def enable(self) -> None:
        self.enabled = True

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not (self.enabled and trainer.is_global_zero):
            return
        self.bar = Progress(
            TextColumn("iteration {task.completed:.0f}/{task.fields[of]}"),
            BarColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[numbers]}"),
        )
        total = None if trainer.estimated_stepping_batches == float("inf") else int(trainer.estimated_stepping_batches)
        if total is not None and total < trainer.max_steps:
            log.info("trainer.max_epochs=%s ends this run at iteration %s", trainer.max_epochs, f"{total:,}")
        self.bar.start()
        self.bar.add_task("", total=total, completed=trainer.global_step, of=total or "?", numbers="")

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if time.monotonic() - self.shown > INTERVAL:
            self._show(trainer)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self._show(trainer)
        if self.bar is not None:
            self.bar.stop()
            self.bar = None

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        self.teardown(trainer, pl_module, "fit")

    def _show(self, trainer: Trainer) -> None:
        self.shown = time.monotonic()
        if self.bar is None:
            return
        task = self.bar.tasks[0]
        shown = {"D": "discriminator/loss", "G": "generator/loss"}
        metrics = trainer.progress_bar_metrics
        numbers = [f"{name} {metrics[tag]:.3f}" for name, tag in shown.items() if tag in metrics]
        if task.speed:
            numbers.append(f"{task.speed:.1f} it/s")
        self.bar.update(task.id, completed=trainer.global_step, numbers="  ".join(numbers))
