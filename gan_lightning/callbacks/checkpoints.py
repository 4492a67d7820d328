"""Checkpoints of a run: by iteration, the last one and the best one."""

import logging
from pathlib import Path
from typing import Any

from lightning import Trainer
from lightning.pytorch.callbacks import Checkpoint

from gan_lightning.callbacks.cadence import Cadence, is_last_of_run
from gan_lightning.callbacks.checkpoint_io import AtomicCheckpointIO, BadStateError, numbered_checkpoints
from gan_lightning.files import add_name, remove_leftovers
from gan_lightning.models.game import AdversarialGame
from gan_lightning.types import Batch, NonNegativeFloat, PositiveInt

log = logging.getLogger(__name__)


class Checkpoints(Checkpoint):
    """Writes `<iteration>.ckpt` at a cadence and at the end of training, and keeps `last.ckpt` and `best.ckpt`.

    All loggers save what they have first, so that nothing is missing up to the iteration of a checkpoint.

    `last.ckpt` is a hard link to the newest file, so it costs no space and no time. `best.ckpt` is the checkpoint of
    the model's `best_iteration`, if it has one; it too is a hard link if that iteration has a file of its own. If a run
    is resumed in another folder, the best checkpoint from the old folder gets a name in the new one. A `best.ckpt` that
    this run did not write before the iteration from which it is resumed is removed.

    Args:
        folder: the folder that the files are written to.
        every_n_iterations: batches between checkpoints; None to ignore iterations.
        every_n_epochs: epochs between checkpoints; None to ignore epochs.
        every_n_minutes: minutes between checkpoints, by the clock of the first process; None to ignore time.
        keep: how many numbered files are kept, the newest ones of all parts of a run; None keeps all. Files of later
            iterations than the one from which a run is resumed are removed once it has written one of its own.
    """

    def __init__(
        self,
        folder: str,
        every_n_iterations: PositiveInt | None = 1000,
        every_n_epochs: PositiveInt | None = None,
        every_n_minutes: NonNegativeFloat | None = None,
        keep: PositiveInt | None = 2,
    ) -> None:
        self.folder = Path(folder)
        self.cadence = Cadence(every_n_iterations, every_n_epochs, every_n_minutes)
        self.keep = keep
        self.best = self.folder / "best.ckpt"
        self.best_written = -1
        self.written = -1
        self.abandoned: list[Path] = []
        self.has_begun = False

    # Lightning calls the hooks of checkpoint callbacks after those of all others, whatever the order of the list is.

    def setup(self, trainer: Trainer, pl_module: AdversarialGame, stage: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)  # an error shows before training, not after it

    def on_train_start(self, trainer: Trainer, pl_module: AdversarialGame) -> None:
        resumed = resumed_from(trainer)
        if resumed and resumed.parent == self.folder.resolve():
            self.written = trainer.global_step
        if trainer.is_global_zero:
            remove_leftovers(self.folder)
            self.abandoned = [file for file in self._numbered() if int(file.stem) > max(self.written, 0)]
            self._start_best(trainer, pl_module.best_iteration)
        if self.written == trainer.global_step:
            self._write_best(trainer, pl_module)  # of scores that were owed

    def on_train_batch_start(self, trainer: Trainer, pl_module: AdversarialGame, batch: Batch, batch_idx: int) -> None:
        self.has_begun = True

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: AdversarialGame, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        # The end is written here because Lightning counts an interrupted epoch as a whole one before on_train_end.
        if self.cadence.due_after_batch(trainer) or is_last_of_run(trainer):
            self._write(trainer, pl_module)
        self._write_best(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: AdversarialGame) -> None:
        self._write(trainer, pl_module)
        self._write_best(trainer, pl_module)

    def on_exception(self, trainer: Trainer, pl_module: AdversarialGame, exception: BaseException) -> None:
        """Write a checkpoint if another callback fails after a whole batch, such as a grid on a full GPU.

        With several processes nothing is written: one of them may have ended, and the others would wait for it. Nor is
        anything written if the state is bad, or if the user has asked for a stop without saving.
        """
        progress: Any = trainer.fit_loop.epoch_loop.batch_progress.current
        ends_whole_batch = self.has_begun and progress.processed > progress.completed
        must_not_save = isinstance(exception, SystemExit | BadStateError)
        if ends_whole_batch and trainer.world_size == 1 and not must_not_save:
            self._write(trainer, pl_module)

    def _write(self, trainer: Trainer, module: AdversarialGame) -> None:
        iteration = trainer.global_step
        if self.written == iteration or self._is_bad(trainer, module):
            return
        for logger in trainer.loggers:
            logger.save()
        module.average_buffers()
        file = self._file(iteration)
        trainer.save_checkpoint(file)
        self.written = iteration
        if trainer.is_global_zero:
            add_name(file, self.folder / "last.ckpt")
            self._remove_old(file)

    def _remove_old(self, newest: Path) -> None:
        """Remove numbered files of an abandoned course, and all but the newest of this one."""
        for file in self.abandoned:
            if file != newest:
                file.unlink(missing_ok=True)
        self.abandoned = []
        for file in sorted(self._numbered(), key=lambda file: int(file.stem))[: -self.keep] if self.keep else []:
            file.unlink(missing_ok=True)

    def _write_best(self, trainer: Trainer, module: AdversarialGame) -> None:
        iteration = trainer.global_step
        if module.best_iteration != iteration or self.best_written == iteration:
            return
        self.best_written = iteration
        if self._is_bad(trainer, module):
            return
        if self.written != iteration:
            module.average_buffers()
            trainer.save_checkpoint(self.best)
        elif trainer.is_global_zero:
            add_name(self._file(iteration), self.best)

    def _is_bad(self, trainer: Trainer, module: AdversarialGame) -> bool:
        """Return whether the state is not worth keeping on one of the ranks."""
        return trainer.strategy.reduce_boolean_decision(bool(module.has_diverged), all=False)

    def _file(self, iteration: int) -> Path:
        return self.folder / f"{iteration:07d}.ckpt"

    def _numbered(self) -> list[Path]:
        return numbered_checkpoints(self.folder)

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
