"""Ctrl-C, SIGTERM and SIGUSR1 end a run as if its end had been planned."""

import signal
from contextlib import ExitStack
from types import FrameType
from typing import Any

import torch
from lightning import Callback, Trainer

from gan_lightning import signals
from gan_lightning.callbacks.checkpoint_io import BadStateError
from gan_lightning.models.game import AdversarialGame
from gan_lightning.types import Batch


class GracefulStop(Callback):
    """Ends the run after the iteration in which a signal comes; a second Ctrl-C stops it at once, without saving.

    The last checkpoint, grid and plots are written as at any end. The handler answers at once and sets
    `pl_module.interrupted` to the signal's number, by which long work such as scores is broken off. Several processes
    agree at the end of each batch, so that it does not matter which of them the signal has come to.
    """

    def __init__(self) -> None:
        self.answering = ExitStack()

    def setup(self, trainer: Trainer, pl_module: AdversarialGame, stage: str) -> None:
        # All processes must have agreed before any other callback asks whether the run ends.
        callbacks: Any = trainer.callbacks  # type: ignore[attr-defined]
        callbacks.remove(self)
        callbacks.insert(0, self)
        callbacks.append(_Closing(self.answering))
        # Lightning's own handlers wait in the handler for other processes, which may never answer, and put a job of
        # SLURM back into the queue after a checkpoint that nothing would be resumed from.
        trainer._signal_connector.register_signal_handlers = lambda: None  # type: ignore[method-assign]

    def on_train_start(self, trainer: Trainer, pl_module: AdversarialGame) -> None:
        received: set[int] = set()

        def answer(number: int, frame: FrameType | None) -> None:
            if number not in received:
                received.add(number)
                pl_module.interrupted = max(number, pl_module.interrupted)
                again = "; press Ctrl-C again to stop without saving" if number == signal.SIGINT else ""
                signals.say(f"stopping after this iteration{again}")
            elif number == signal.SIGINT and signals.is_first_process():
                signals.raise_stopped(number, frame)

        pl_module.interrupted = 0
        self.answering.enter_context(signals.answered_by(answer))

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: AdversarialGame, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        if self._agree(trainer, pl_module):
            trainer.should_stop = True

    def on_train_end(self, trainer: Trainer, pl_module: AdversarialGame) -> None:
        self._agree(trainer, pl_module)  # scores that were broken off have ended the run without the above

    def on_exception(self, trainer: Trainer, pl_module: AdversarialGame, exception: BaseException) -> None:
        self.answering.close()
        launcher = trainer.strategy.launcher
        if launcher is not None and not isinstance(exception, BadStateError):
            launcher.kill(signal.SIGKILL)  # the other ranks would wait for this one, or report that it has gone

    def _agree(self, trainer: Trainer, module: AdversarialGame) -> int:
        """Give all processes the greatest of their signals' numbers, and return it."""
        if trainer.world_size == 1:
            return module.interrupted
        own = torch.tensor(module.interrupted, device=trainer.strategy.root_device)
        number = int(trainer.strategy.reduce(own, reduce_op="max"))
        if number and not module.interrupted:
            signals.say("stopping after this iteration, as another process was asked to")
        module.interrupted = max(number, module.interrupted)  # a signal may have come meanwhile
        return number


class _Closing(Callback):
    """Restores the handlers after all other callbacks, which still write files in `on_train_end` and `teardown`."""

    def __init__(self, answering: ExitStack) -> None:
        self.answering = answering

    def teardown(self, trainer: Trainer, pl_module: AdversarialGame, stage: str) -> None:
        self.answering.close()
