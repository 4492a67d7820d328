"""The checkpoint with the best score, beside the last."""

from pathlib import Path
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint

from gan_lightning.callbacks.atomic_io import AtomicCheckpointIO
from gan_lightning.callbacks.checkpoints import also_name
from gan_lightning.callbacks.history import Course
from gan_lightning.callbacks.scores import Scores


class BestCheckpoint(Checkpoint):
    """Keeps `best.ckpt` of the iteration whose followed score is the best so far; without scores it does nothing.

    Where a numbered checkpoint of that iteration is written too, it is a second name of that one.

    Args:
        folder: where it goes.
    """

    def __init__(self, folder: str) -> None:
        self.file = Path(folder) / "best.ckpt"
        self.iteration = -1
        self.before: str | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Bring the best so far into the folder of a run that goes on in another."""
        before, followed = Path(self.before or ""), _followed(trainer)
        if not (trainer.is_global_zero and followed and before.is_file()) or self.file.exists():
            return
        if AtomicCheckpointIO().load_checkpoint(before)["global_step"] == followed.best.iteration:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            also_name(before, self.file)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self._keep(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._keep(trainer)

    def state_dict(self) -> dict[str, Any]:
        return {"file": str(self.file.absolute())}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.before = state_dict["file"]

    def _keep(self, trainer: Trainer) -> None:
        iteration, followed = trainer.global_step, _followed(trainer)
        if not followed or followed.best.iteration != iteration or self.iteration == iteration:
            return
        self.iteration = iteration
        numbered = self.file.with_name(f"{iteration:07d}.ckpt")
        if not trainer.strategy.broadcast(numbered.is_file()):
            trainer.save_checkpoint(self.file)
        elif trainer.is_global_zero:
            also_name(numbered, self.file)


def _followed(trainer: Trainer) -> Course | None:
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, Scores) and (followed := callback.followed()):
            return followed[1]
    return None
