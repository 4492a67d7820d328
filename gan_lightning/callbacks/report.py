"""The report of a run, written when it ends."""

import json
import logging
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lightning import Callback, LightningModule, Trainer

from gan_lightning.callbacks.checkpoint_io import BadStateError
from gan_lightning.callbacks.environment import environment
from gan_lightning.durations import clock
from gan_lightning.files import atomic_write
from gan_lightning.reports import run_report
from gan_lightning.reports.run_files import ENVIRONMENT, IMAGES_SEEN

log = logging.getLogger(__name__)


class Report(Callback):
    """Writes `report.html`, one page with pictures, curves, scores and commands, at the end of training.

    It is also written after a signal has ended the run, and where numbers are not finite. All is read from the run
    folder, so that the report of a resumed run shows the whole run. What goes wrong with it is a warning, and the run
    ends as it would have. `environment.json` says from the first iteration on what the run is trained on.

    Args:
        folder: the run folder.
    """

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.environment: dict[str, Any] = {}
        self.since = 0.0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.since = time.monotonic()
        self.environment = {"started": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"), **environment(trainer)}
        self._note(trainer)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Write the report now, because the other callbacks write files in `on_train_end`, such as the last grid."""
        self._write(trainer, pl_module)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        if isinstance(exception, BadStateError):  # the report shows what went wrong
            self._write(trainer, pl_module)

    def _write(self, trainer: Trainer, module: LightningModule) -> None:
        if not trainer.is_global_zero or not self.environment:  # training has not begun
            return
        self.environment["time of the last part"] = clock(time.monotonic() - self.since)
        self.environment[IMAGES_SEEN] = f"{module.images_seen:,}"
        try:
            self._note(trainer)
            for logger in trainer.loggers:
                logger.save()
            run_report.write(self.folder, self.folder / run_report.NAME)
        except Exception as error:  # whatever it is, the run and its files are whole without a report
            log.warning("no %s: %s", run_report.NAME, error)

    def _note(self, trainer: Trainer) -> None:
        if trainer.is_global_zero:
            try:
                with atomic_write(self.folder / ENVIRONMENT) as stream:
                    stream.write(json.dumps(self.environment, indent=1).encode())
            except OSError as error:
                log.warning("no %s, which the report would show: %s", ENVIRONMENT, error)
