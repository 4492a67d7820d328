"""What tests record of a run."""

from lightning.pytorch.callbacks import Callback


class Losses(Callback):
    """What each batch logged."""

    def __init__(self):
        self.seen = []

    def on_train_batch_end(self, trainer, *_):
        self.seen.append({name: float(value) for name, value in trainer.callback_metrics.items()})
