"""A callback that makes a weight infinite in a run's first attempts."""

from lightning import Callback


class Poison(Callback):
    """Poisons a weight before an iteration, as long as the run has been rolled back less often than given."""

    def __init__(self, iteration, attempts=1):
        self.iteration, self.attempts = iteration, attempts

    def on_train_batch_start(self, trainer, module, batch, batch_idx):
        if trainer.global_step == self.iteration - 1 and module.attempt < self.attempts:
            next(module.discriminator.parameters()).data.fill_(float("inf"))
