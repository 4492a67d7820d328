"""The checkpoint with the best score, beside the last."""

import logging
from pathlib import Path
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint

from gan_lightning.callbacks.atomic_io import AtomicCheckpointIO
from gan_lightning.callbacks.checkpoints import Checkpoints, also_name, resumed_from
from gan_lightning.callbacks.scores import Scores

log = logging.getLogger(__name__)


class BestCheckpoint(Checkpoint):
    """Keeps `best.ckpt` of the iteration whose followed score is the best so far; without scores it does nothing.

    Where this run wrote a numbered checkpoint of that iteration, it is a second name of that one. A run that goes on
    from another brings that one's best along, if it lies beside the checkpoint that is resumed; a file that is not the
    best of this run's own past is removed.

    Args:
        folder: where it goes.
    """

    def __init__(self, folder: str) -> None:
        self.file = Path(folder) / "best.ckpt"
        self.iteration = -1

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Bring the best so far into the folder of a run that goes on in another."""
        scores = _scores(trainer)
        if not (scores and trainer.is_global_zero):
            return
        followed = scores.followed()
        best = followed[1].best.iteration if followed else None
        checkpoint = resumed_from(trainer)
        before = checkpoint.with_name(self.file.name) if checkpoint else None
        goes_on_here = before == self.file.resolve()
        if self.file.is_file() and not (goes_on_here and _iteration(self.file) == best):
            log.info("%s is removed: it is not the best of what this run goes on from", self.file)
            self.file.unlink()
        if before and not goes_on_here and before.is_file() and _iteration(before) == best:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            also_name(before, self.file)
        if best is not None and not self.file.is_file():
            log.warning("the best score so far is of iteration %s, but there is no checkpoint of it: %s", best, before)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self._keep(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._keep(trainer)

    def _keep(self, trainer: Trainer) -> None:
        iteration, scores = trainer.global_step, _scores(trainer)
        followed = scores.followed() if scores else None
        if not followed or followed[1].best.iteration != iteration or self.iteration == iteration:
            return
        self.iteration = iteration
        numbered = self.file.with_name(f"{iteration:07d}.ckpt")
        if not any(numbered in each.written for each in trainer.checkpoint_callbacks if isinstance(each, Checkpoints)):
            trainer.save_checkpoint(self.file)
        elif trainer.is_global_zero:
            also_name(numbered, self.file)


def _iteration(file: Path) -> int | None:
    try:
        return AtomicCheckpointIO().load_checkpoint(file)["global_step"]
    except (ValueError, KeyError):  # damaged
        return None


def _scores(trainer: Trainer) -> Scores | None:
    """The callback that scores, where it has something to score by."""
    callbacks = trainer.callbacks  # type: ignore[attr-defined]
    return next((each for each in callbacks if isinstance(each, Scores) and each.metrics), None)
