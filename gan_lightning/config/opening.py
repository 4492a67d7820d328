"""How a run folder is opened: its record, its log, and the past of a run that continues."""

import logging
from pathlib import Path

from lightning import Callback, LightningModule, Trainer

from gan_lightning.callbacks.rewind import EVENTS, begin_with, rewind
from gan_lightning.config import logs
from gan_lightning.config.parts import check_same_images
from gan_lightning.config.record import FILE, RunRecord
from gan_lightning.files import remove_leftovers

log = logging.getLogger(__name__)

HPARAMS = "hparams.yaml"
"""The file in which TensorBoard's logger writes the configuration."""


class Opening(Callback):
    """Opens a run folder after all other callbacks have been set up, so that nothing is refused after it.

    The record is written, what a continued run has recorded after its checkpoint is cut, and the log file begins.

    Args:
        folder: the run folder.
        record: the record of the run.
        file: the checkpoint that the run continues from; None for a new run.
    """

    def __init__(self, folder: Path, record: RunRecord, file: Path | None) -> None:
        self.folder, self.record, self.file = folder, record, file
        self.is_open = False
        self.events = set(folder.glob(EVENTS))

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if self.file:
            check_same_images(self.file, trainer.datamodule)  # type: ignore[attr-defined]
        self.is_open = True
        if not trainer.is_global_zero:
            return
        for folder in (self.folder, *filter(Path.is_dir, self.folder.iterdir())):
            remove_leftovers(folder)  # a run that was killed may have been drawing or writing anywhere
        iteration = self.record.parts[-1].iteration
        if not self.file:  # nothing is kept of a run that was killed here before its first checkpoint
            iteration = -1
            for events in self.events:
                events.unlink()
        own = self.file.resolve().parent.parent if self.file else self.folder.resolve()
        if own == self.folder.resolve() and (own / FILE).is_file():
            rewind(self.folder, iteration)
        elif own != self.folder.resolve() and (own / FILE).is_file():
            begin_with(self.folder, own, iteration)
        (self.folder / HPARAMS).unlink(missing_ok=True)  # the logger writes it once, and the configuration may be new
        self.record.write(self.folder)
        logs.write_to(self.folder / "train.log")
        if self.file:
            log.info("continued from %s at iteration %s", self.file, f"{iteration:,}")

    def undo(self) -> None:
        """Remove the file that Lightning makes TensorBoard begin before the set-up, if the set-up has failed."""
        if not self.is_open:
            for file in set(self.folder.glob(EVENTS)) - self.events:
                file.unlink(missing_ok=True)
