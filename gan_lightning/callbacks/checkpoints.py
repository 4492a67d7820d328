"""Checkpoints by iteration, and the last one."""

import os
import shutil
from pathlib import Path
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint

from gan_lightning.types import Count


class Checkpoints(Checkpoint):
    """Writes `<iteration>.ckpt` at a cadence, and `last.ckpt` with each and at the end of training.

    `last.ckpt` is a second name of the newest file, so it costs no space and no time.

    Args:
        folder: where they go.
        every_n_train_steps: iterations between checkpoints.
        keep: how many of the numbered ones are kept, the newest; None keeps all.
    """

    def __init__(self, folder: str, every_n_train_steps: Count = 1000, keep: Count | None = 3) -> None:
        self.folder = Path(folder)
        self.every_n_train_steps = every_n_train_steps
        self.keep = keep
        self.written: list[Path] = []

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)  # a folder that cannot be written shows now, not after training

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        # The end is written here, not in on_train_end: there Lightning has counted a broken epoch as whole.
        if is_last_of_run(trainer) or trainer.global_step % self.every_n_train_steps == 0:
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


def is_last_of_run(trainer: Trainer) -> bool:
    """Whether the batch that ends is the last of all."""
    last_epoch = trainer.is_last_batch and trainer.current_epoch + 1 == trainer.max_epochs
    return trainer.should_stop or trainer.global_step == trainer.max_steps or last_epoch


def resumed_from(trainer: Trainer) -> Path | None:
    """The checkpoint that a run goes on from, wherever it lies now; None for a run that begins anew."""
    return Path(trainer.ckpt_path).resolve() if trainer.ckpt_path else None


def also_name(file: Path, name: Path) -> None:
    """Give a file a second name, replacing what had it, at once or not at all."""
    temporary = name.with_suffix(".tmp")
    temporary.unlink(missing_ok=True)
    try:
        os.link(file, temporary)
    except OSError:  # a file system without hard links
        shutil.copyfile(file, temporary)
    temporary.replace(name)
