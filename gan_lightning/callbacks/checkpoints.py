"""Checkpoints of a run: by iteration, the last one and the best one."""

import logging
import os
import shutil
from pathlib import Path
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint

from gan_lightning.callbacks.checkpoint_io import AtomicCheckpointIO, is_last_of_run, resumed_from
from gan_lightning.callbacks.scores import Scores
from gan_lightning.types import PositiveInt


class Checkpoints(Checkpoint):
    """Writes `<iteration>.ckpt` at a cadence, and `last.ckpt` with each and at the end of training.

    `last.ckpt` is a second name of the newest file, so it costs no space and no time.

    Args:
        folder: where they go.
        every_n_iterations: iterations between checkpoints.
        keep: how many of the numbered ones are kept, the newest; None keeps all.
    """

    def __init__(self, folder: str, every_n_iterations: PositiveInt = 1000, keep: PositiveInt | None = 3) -> None:
        self.folder = Path(folder)
        self.every_n_iterations = every_n_iterations
        self.keep = keep
        self.written: list[Path] = []

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)  # a folder that cannot be written shows now, not after training

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        # The end is written here, not in on_train_end: there Lightning has counted a broken epoch as whole.
        if is_last_of_run(trainer) or trainer.global_step % self.every_n_iterations == 0:
            self._write(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._write(trainer)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Keep a whole batch where another callback breaks off after it, such as scores by a second Ctrl-C.

        Of several processes one may be lost, and those that write wait for all.
        """
        progress: Any = trainer.fit_loop.epoch_loop.batch_progress.current
        if progress.processed > progress.completed and trainer.world_size == 1:
            self._write(trainer)

    def _write(self, trainer: Trainer) -> None:
        file = self.folder / f"{trainer.global_step:07d}.ckpt"
        if file in self.written:
            return
        trainer.save_checkpoint(file)
        self.written.append(file)
        if trainer.is_global_zero:
            also_name(file, self.folder / "last.ckpt")
            for old in self.written[: -self.keep] if self.keep else []:
                old.unlink(missing_ok=True)


def also_name(file: Path, name: Path) -> None:
    """Give a file a second name, replacing what had it, at once or not at all."""
    temporary = name.with_suffix(".tmp")
    temporary.unlink(missing_ok=True)
    try:
        os.link(file, temporary)
    except OSError:  # a file system without hard links
        shutil.copyfile(file, temporary)
    temporary.replace(name)


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
