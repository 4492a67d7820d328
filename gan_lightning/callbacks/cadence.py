"""When a callback acts: at a cadence in iterations, in epochs or both, and at the end of the run."""

from lightning import Trainer

from gan_lightning.types import PositiveInt


class Cadence:
    """A schedule in iterations, in epochs or both, which is checked after each batch.

    Args:
        every_n_iterations: number of batches from one time to the next; None to ignore iterations.
        every_n_epochs: number of epochs from one time to the next, each after its last batch; None to ignore
            epochs. If both are given, both apply.
    """

    def __init__(
        self, every_n_iterations: PositiveInt | None = None, every_n_epochs: PositiveInt | None = None
    ) -> None:
        self.every_n_iterations = every_n_iterations
        self.every_n_epochs = every_n_epochs

    def due_after_batch(self, trainer: Trainer) -> bool:
        """Return whether the cadence is due after the batch that has just been trained on."""
        iteration, epoch = trainer.global_step, trainer.current_epoch + 1
        by_iteration = self.every_n_iterations is not None and iteration % self.every_n_iterations == 0
        by_epoch = self.every_n_epochs is not None and trainer.is_last_batch and epoch % self.every_n_epochs == 0
        return by_iteration or by_epoch


def is_last_of_run(trainer: Trainer) -> bool:
    """Return whether the batch that has just been trained on is the last of the run."""
    ends_last_epoch = trainer.is_last_batch and trainer.current_epoch + 1 == trainer.max_epochs
    return trainer.should_stop or trainer.global_step == trainer.max_steps or ends_last_epoch
