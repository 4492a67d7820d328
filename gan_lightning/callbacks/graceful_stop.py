"""Ctrl-C ends a run as if its end had been planned."""

import signal
from types import FrameType
from typing import Any

from lightning import Callback, Trainer

from gan_lightning.models.game import AdversarialGame


class GracefulStop(Callback):
    """Ends the run after the batch in which the first Ctrl-C comes; a second Ctrl-C stops it at once.

    The last checkpoint, grid and plots are written as at any end. The signal handler itself sets
    `pl_module.interrupted` and `trainer.should_stop`, so every other callback sees them, whatever the order is.
    """

    def __init__(self) -> None:
        self.previous_handler: Any = None

    def on_train_start(self, trainer: Trainer, pl_module: AdversarialGame) -> None:
        def stop(number: int, frame: FrameType | None) -> None:
            pl_module.interrupted = trainer.should_stop = True
            signal.signal(signal.SIGINT, self.previous_handler)

        pl_module.interrupted = False
        self.previous_handler = signal.signal(signal.SIGINT, stop)

    def teardown(self, trainer: Trainer, pl_module: AdversarialGame, stage: str) -> None:
        """Restore the handler now, because the other callbacks still write files in `on_train_end`."""
        if self.previous_handler is not None:
            signal.signal(signal.SIGINT, self.previous_handler)
