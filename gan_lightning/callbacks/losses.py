"""Every iteration's losses, in a file of the run folder."""

from pathlib import Path
from typing import Any

from lightning import Callback, Trainer
from torch import Tensor

from gan_lightning.callbacks.checkpoint_io import BadStateError
from gan_lightning.models.game import AdversarialGame
from gan_lightning.models.scalars import stacked
from gan_lightning.types import Batch


class Losses(Callback):
    """Writes each player's loss in each iteration to `losses.csv`, with a column `iteration` and one for each player.

    A player that does not move in an iteration has no value there. The losses stay on the device until
    `trainer.log_every_n_steps` iterations, a checkpoint or the end of training, when all are fetched at once, so that
    the host rarely waits for the device. A resumed run adds its lines to those that are there.

    Args:
        file: the file that the losses are written to.
    """

    def __init__(self, file: str) -> None:
        self.file = Path(file)
        self.pending: list[tuple[int, dict[str, Tensor]]] = []
        self.written = 0

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: AdversarialGame, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        self._note(trainer, pl_module)
        every = trainer.log_every_n_steps  # type: ignore[attr-defined]
        if every and trainer.global_step % every == 0:
            self._write(trainer, pl_module)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: AdversarialGame, checkpoint: dict[str, Any]) -> None:
        """Write now, so that the file holds all iterations up to the checkpoint's."""
        self._write(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: AdversarialGame) -> None:
        self._write(trainer, pl_module)

    def on_exception(self, trainer: Trainer, pl_module: AdversarialGame, exception: BaseException) -> None:
        last = self.pending[-1][0] if self.pending else self.written
        if isinstance(exception, BadStateError) and last < trainer.global_step:  # this callback's turn has not come
            self._note(trainer, pl_module)
        self._write(trainer, pl_module)

    def _note(self, trainer: Trainer, module: AdversarialGame) -> None:
        step = module.scalars.last_step
        losses = {name: step[f"{name}/loss"] for name in module.players if f"{name}/loss" in step}
        self.pending.append((trainer.global_step, losses))

    def _write(self, trainer: Trainer, module: AdversarialGame) -> None:
        pending, self.pending = self.pending, []
        self.written = pending[-1][0] if pending else self.written
        if not pending or not trainer.is_global_zero:
            return
        fetched = iter(stacked([loss for _, losses in pending for loss in losses.values()]).tolist())
        lines = [] if self.file.exists() else [",".join(["iteration", *module.players])]
        for iteration, losses in pending:
            values = {name: repr(next(fetched)) for name in losses}
            lines.append(",".join([str(iteration), *(values.get(name, "") for name in module.players)]))
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a") as stream:
            stream.write("".join(f"{line}\n" for line in lines))
