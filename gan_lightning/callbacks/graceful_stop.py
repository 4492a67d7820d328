"""Ctrl-C ends a run as if it had been planned."""

import signal
from types import FrameType
from typing import Any

from lightning import Callback, LightningModule, Trainer


class GracefulStop(Callback):
    """The first Ctrl-C finishes the batch, then the checkpoint, grid and plots are written; a second one stops at once.

    `stopped` tells afterwards whether it came to that.
    """

    def __init__(self) -> None:
        self.stopped = False
        self.before: Any = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        def stop(number: int, frame: FrameType | None) -> None:
            self.stopped = True
            signal.signal(signal.SIGINT, self.before)

        self.before = signal.signal(signal.SIGINT, stop)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if self.stopped:  # here, so that the checkpoint callback, which comes last, still sees it in this batch
            trainer.should_stop = True

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Only here, when all others have written what they write at the end."""
        if self.before is not None:
            signal.signal(signal.SIGINT, self.before)
