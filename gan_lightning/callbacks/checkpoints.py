"""Checkpoints of a run: by iteration, the last one and the best one."""

import logging
from pathlib import Path
from typing import Any

from lightning import Trainer
from lightning.pytorch.callbacks import Checkpoint

from gan_lightning.callbacks.cadence import Cadence, is_last_of_run
from gan_lightning.callbacks.checkpoint_io import AtomicCheckpointIO
from gan_lightning.files import add_name
from gan_lightning.models.game import AdversarialGame
from gan_lightning.types import Batch, PositiveInt

log = logging.getLogger(__name__)


class Checkpoints(Checkpoint):
    """Writes `<iteration>.ckpt` at a cadence and at the end of training, and keeps `last.ckpt` and `best.ckpt`.

    `last.ckpt` is a hard link to the newest file, so it costs no space and no time. `best.ckpt` is the checkpoint of
    the model's `best_iteration`, if it has one; it too is a hard link if that iteration has a file of its own. If a run
    is resumed in another folder, the best checkpoint from the old folder gets a name in the new one. A `best.ckpt` that
    this run did not write before the iteration from which it is resumed is removed.

    Args:
        folder: the folder that the files are written to.
        every_n_iterations: batches between checkpoints; None to ignore iterations.
        every_n_epochs: epochs between checkpoints; None to ignore epochs.
        keep: how many numbered files are kept, the newest ones; None keeps all.
    """

    def __init__(
        self,
        folder: str,
        every_n_iterations: PositiveInt | None = 1000,
        every_n_epochs: PositiveInt | None = None,
        keep: PositiveInt | None = 3,
    ) -> None:
        self.folder = Path(folder)
        self.cadence = Cadence(every_n_iterations, every_n_epochs)
        self.keep = keep
        self.best = self.folder / "best.ckpt"
        self.best_written = -1
        self.written: list[Path] = []
        self.has_begun = False

    # Lightning calls the hooks of checkpoint callbacks after those of all others, whatever the order of the list is.

    def setup(self, trainer: Trainer, pl_module: AdversarialGame, stage: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)  # an error shows before training, not after it

    def on_train_start(self, trainer: Trainer, pl_module: AdversarialGame) -> None:
        if trainer.is_global_zero:
            self._start_best(trainer, pl_module.best_iteration)

    def on_train_batch_start(self, trainer: Trainer, pl_module: AdversarialGame, batch: Batch, batch_idx: int) -> None:
        self.has_begun = True

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: AdversarialGame, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        # The end is written here because Lightning counts an interrupted epoch as a whole one before on_train_end.
        if is_last_of_run(trainer) or self.cadence.due_after_batch(trainer):
            self._write(trainer, pl_module)
        self._write_best(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: AdversarialGame) -> None:
        self._write(trainer, pl_module)
        self._write_best(trainer, pl_module)

    def on_exception(self, trainer: Trainer, pl_module: AdversarialGame, exception: BaseException) -> None:
        """Write a checkpoint if another callback fails after a whole batch, such as scores stopped by a second Ctrl-C.

        With several processes nothing is written: one of them may have ended, and the others would wait for it.
        """
        progress: Any = trainer.fit_loop.epoch_loop.batch_progress.current
        if self.has_begun and progress.processed > progress.completed and trainer.world_size == 1:
            self._write(trainer, pl_module)

    def _write(self, trainer: Trainer, module: AdversarialGame) -> None:
        file = self.folder / f"{trainer.global_step:07d}.ckpt"
        if file in self.written:
            return
        module.average_buffers()
        trainer.save_checkpoint(file)
        self.written.append(file)
        if trainer.is_global_zero:
            add_name(file, self.folder / "last.ckpt")
            for old in self.written[: -self.keep] if self.keep else []:
                old.unlink(missing_ok=True)

    def _write_best(self, trainer: Trainer, module: AdversarialGame) -> None:
        iteration = trainer.global_step
        if module.best_iteration != iteration or self.best_written == iteration:
            return
        self.best_written = iteration
        numbered = self.folder / f"{iteration:07d}.ckpt"
        if numbered not in self.written:  # another run may have written a file of that name
            module.average_buffers()
            trainer.save_checkpoint(self.best)
        elif trainer.is_global_zero:
            add_name(numbered, self.best)

    def _start_best(self, trainer: Trainer, best_iteration: int | None) -> None:
        """Remove a best checkpoint that is not of the resumed run, and add that run's from its old folder."""
        checkpoint = resumed_from(trainer)
        before = checkpoint.with_name(self.best.name) if checkpoint else None
        resumes_here = before == self.best.resolve()
        if self.best.is_file():
            iteration = _iteration(self.best)
            may_be_own = iteration is not None and iteration <= trainer.global_step
            is_own = resumes_here and (may_be_own if best_iteration is None else iteration == best_iteration)
            if not is_own:
                log.info("%s is removed: it is not the best checkpoint of the run that is resumed", self.best)
                self.best.unlink()
        if best_iteration is None:
            return
        if before and not resumes_here and before.is_file() and _iteration(before) == best_iteration:
            add_name(before, self.best)
        if not self.best.is_file():
            log.warning(
                "the best score so far is that of iteration %s, but it has no checkpoint %s", best_iteration, before
            )


def resumed_from(trainer: Trainer) -> Path | None:
    """Return the absolute path of the checkpoint that a run is resumed from; None for a new run."""
    return Path(trainer.ckpt_path).resolve() if trainer.ckpt_path else None


def _iteration(file: Path) -> int | None:
    """Return the iteration of a checkpoint; None for a damaged one."""
    try:
        return AtomicCheckpointIO().load_checkpoint(file)["global_step"]
    except (ValueError, KeyError):
        return None
