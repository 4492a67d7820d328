"""How far a run is: a bar on a terminal, lines in a log."""

import logging
import sys
import time
from collections.abc import Mapping
from typing import Any

from lightning import Trainer
from lightning.pytorch.callbacks import ProgressBar, Timer
from rich.console import Console

from gan_lightning.callbacks.bar import Bar
from gan_lightning.callbacks.cadence import Cadence
from gan_lightning.callbacks.long_runs import advice_on_long_run
from gan_lightning.callbacks.pace import Pace
from gan_lightning.models.game import AdversarialGame
from gan_lightning.reports.tables import PLAYERS
from gan_lightning.types import Batch, PositiveInt

log = logging.getLogger(__name__)

BAR_INTERVAL = 0.1
"""Seconds between two changes of the bar; an iteration may take less than to draw it."""
LINE_INTERVAL = 10.0
"""Seconds between two lines, at least, where no cadence is given."""
LONGEST_SILENCE = 60.0
"""Seconds without a line after which the next iteration has one, whatever the cadence."""
FAKES = ("d_out/fake", "d_out/fake_for_generator")
"""D's mean outputs on generated images, in its own step and in G's."""


class RunProgress(ProgressBar):
    """Shows the iteration, the losses, D's outputs, the images per second, the time elapsed and the time left.

    On a terminal there is one bar for the whole run; Lightning's own bars start again in every epoch, which may take
    only a second. Elsewhere, as in a file or a pipe, there are lines of the log. The log file has the lines in any
    case. The bar shows the losses of the last multiple of `trainer.log_every_n_steps`, when they have been fetched from
    the device anyway.

    A line comes at a multiple of `trainer.log_every_n_steps` if the last one is at least ten seconds old, unless a
    cadence is given. A run whose iterations are slow has its first line after ten seconds. Whatever the cadence, an
    iteration that ends a minute or more after the last line has one, and so has the last iteration.

    Args:
        every_n_iterations: iterations from one line to the next, if that is less than a minute; None for no such lines.
        every_n_epochs: epochs from one line to the next, which shows means over the epoch; None for no such lines.
    """

    def __init__(
        self, every_n_iterations: PositiveInt | None = None, every_n_epochs: PositiveInt | None = None
    ) -> None:
        super().__init__()
        self.cadence = Cadence(every_n_iterations, every_n_epochs)
        self.enabled = True
        self.pace = Pace()
        self.bar: Bar | None = None
        self.advanced, self.fetched = 0.0, 0.0
        self.written: tuple[int, float] | None = None
        self.epoch = 1
        self.speed = ""
        self.has_advised = False

    def disable(self) -> None:
        self.enabled = False

    def enable(self) -> None:
        self.enabled = True

    # Hooks.

    def on_train_start(self, trainer: Trainer, pl_module: AdversarialGame) -> None:
        if not (self.enabled and trainer.is_global_zero):
            return
        end = trainer.estimated_stepping_batches  # infinite if a run has no end; -1 if its loader has no length
        total = int(end) if 0 < end < float("inf") else None
        if total is not None and total < trainer.max_steps:
            log.info("trainer.max_epochs=%s ends this run at iteration %s", trainer.max_epochs, f"{total:,}")
        timers = [each for each in trainer.callbacks if isinstance(each, Timer)]  # type: ignore[attr-defined]
        self.pace = Pace(trainer.global_step, total, timers[0].time_remaining if timers else None)
        console = Console()
        if console.is_interactive and sys.stdout.isatty():
            self.bar = Bar(console, self.pace, trainer.global_step)
        else:  # a slow iteration would leave a log silent
            log.info("training begins; the first iteration may take longer than the others")

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: AdversarialGame, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        if not (self.enabled and trainer.is_global_zero):
            return
        self.epoch = trainer.current_epoch + 1
        self.pace.advance(trainer.global_step, pl_module.images_seen)
        if self._line_is_due(trainer):
            self._write_line(trainer, pl_module)
        if self.bar:
            self._show(self.bar, trainer, pl_module)
        if not self.has_advised:
            advice = advice_on_long_run(self.pace, trainer.strategy.root_device, str(trainer.precision))
            self.has_advised = bool(advice)
            if advice:
                log.warning(advice)

    def on_train_end(self, trainer: Trainer, pl_module: AdversarialGame) -> None:
        is_written = self.written is not None and self.written[0] == trainer.global_step
        if self.pace.first and not is_written:
            self._write_line(trainer, pl_module)
        if self.bar:
            self.bar.advance(trainer.global_step)
            self.bar.show(_losses(pl_module.scalars.newest(), pl_module), self.speed)

    def teardown(self, trainer: Trainer, pl_module: AdversarialGame, stage: str) -> None:
        self._close()

    def on_exception(self, trainer: Trainer, pl_module: AdversarialGame, exception: BaseException) -> None:
        self._close()

    # What the hooks share.

    def _line_is_due(self, trainer: Trainer) -> bool:
        if self.written is None and self.pace.seconds_per_iteration and self.pace.elapsed >= LINE_INTERVAL:
            return True
        age = time.monotonic() - self.written[1] if self.written else LINE_INTERVAL
        if age >= LONGEST_SILENCE:
            return True
        if self.cadence.every_n_iterations or self.cadence.every_n_epochs:
            return self.cadence.due_after_batch(trainer)
        return age >= LINE_INTERVAL and _is_logging(trainer)

    def _write_line(self, trainer: Trainer, module: AdversarialGame) -> None:
        self.written = (trainer.global_step, time.monotonic())
        shows_means = self.cadence.every_n_epochs is not None and trainer.is_last_batch
        values = module.scalars.epoch_means if shows_means else module.scalars.newest()
        if speed := self.pace.images_per_second():
            self.speed = f"{speed:,.0f} images/s"
        words = [
            f"epoch {self.epoch}" + (f"/{trainer.max_epochs}" if (trainer.max_epochs or 0) > 0 else ""),
            self.pace.iterations(),
            *(["means of the epoch:"] if shows_means else []),
            *_losses(values, module),
            *_outputs(values, module),
            *([self.speed] if self.speed else []),
            self.pace.in_words(),
        ]
        log.info("  ".join(words), extra={"only_in_file": self.bar is not None})  # a terminal has the bar

    def _show(self, bar: Bar, trainer: Trainer, module: AdversarialGame) -> None:
        now = time.monotonic()
        if now - self.advanced > BAR_INTERVAL:
            self.advanced = now
            bar.advance(trainer.global_step)
        if _is_logging(trainer) and now - self.fetched > BAR_INTERVAL:
            self.fetched = now
            bar.show(_losses(module.scalars.newest(), module), self.speed)

    def _close(self) -> None:
        if self.bar:
            self.bar.close()
            self.bar = None


def _is_logging(trainer: Trainer) -> bool:
    """Return whether the loggers have just got values, for which the device has been waited for."""
    every = trainer.log_every_n_steps  # type: ignore[attr-defined]
    return bool(every) and trainer.global_step % every == 0


def _losses(values: Mapping[str, float], module: AdversarialGame) -> list[str]:
    """Return each player's loss after its name."""
    names = {name: f"{name}/loss" for name in module.players}
    return [f"{PLAYERS.get(name, name)} {_short(values[tag])}" for name, tag in names.items() if tag in values]


def _outputs(values: Mapping[str, float], module: AdversarialGame) -> list[str]:
    """Return D's mean outputs, those on generated images before and after its update."""
    found = []
    for suffix in map(module.suffix, module.directions):
        domain = suffix.replace("_", " ")
        fakes = [_short(values[tag + suffix]) for tag in FAKES if tag + suffix in values]
        if (real := f"d_out/real{suffix}") in values:
            found.append(f"D(real{domain}) {_short(values[real])}")
        if fakes:
            found.append(f"D(fake{domain}) {'/'.join(fakes)}")
    return found


def _short(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 1000 else f"{value:.4g}"
