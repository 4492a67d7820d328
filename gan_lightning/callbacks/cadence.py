"""When a callback acts: at a cadence in iterations, in epochs, in minutes, and at the end of the run."""

import time

from lightning import Trainer

from gan_lightning.types import NonNegativeFloat, PositiveInt


class Cadence:
    """A schedule in iterations, in epochs or in minutes, which is checked after each batch; all that are given apply.

    Args:
        every_n_iterations: number of batches from one time to the next; None to ignore iterations.
        every_n_epochs: number of epochs from one time to the next, each after its last batch; None to ignore epochs.
        every_n_minutes: minutes from one time to the next, by the clock of the first process; None to ignore time.
    """

    def __init__(
        self,
        every_n_iterations: PositiveInt | None = None,
        every_n_epochs: PositiveInt | None = None,
        every_n_minutes: NonNegativeFloat | None = None,
    ) -> None:
        self.every_n_iterations = every_n_iterations
        self.every_n_epochs = every_n_epochs
        self.every_n_minutes = every_n_minutes
        self.since: float | None = None

    def due_after_batch(self, trainer: Trainer) -> bool:
        """Return whether the cadence is due after the batch that has just been trained on, the same on all ranks."""
        iteration, epoch = trainer.global_step, trainer.current_epoch + 1
        by_iteration = self.every_n_iterations is not None and iteration % self.every_n_iterations == 0
        by_epoch = self.every_n_epochs is not None and trainer.is_last_batch and epoch % self.every_n_epochs == 0
        return self._by_time(trainer) or by_iteration or by_epoch

    def _by_time(self, trainer: Trainer) -> bool:
        if self.every_n_minutes is None:
            return False
        now = time.monotonic()
        if self.since is None:
            self.since = now
        passed = now - self.since >= 60 * self.every_n_minutes
        is_due = trainer.strategy.reduce_boolean_decision(passed and trainer.is_global_zero, all=False)
        if is_due:
            self.since = now
        return is_due


def is_last_of_run(trainer: Trainer) -> bool:
    """Return whether the batch that has just been trained on is the last of the run."""
    ends_last_epoch = trainer.is_last_batch and trainer.current_epoch + 1 == trainer.max_epochs
    return trainer.should_stop or trainer.global_step == trainer.max_steps or ends_last_epoch
