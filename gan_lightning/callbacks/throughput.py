"""The speed of a run in images per second."""

import time
from typing import Any

from lightning import Callback, Trainer

from gan_lightning.callbacks.publishing import publish_scalars
from gan_lightning.models.game import AdversarialGame


class Throughput(Callback):
    """Logs `images_per_second` of all processes together, every `trainer.log_every_n_steps` iterations.

    The time that grids, scores and checkpoints take is included. The first batch of training is not, because networks
    may be compiled in it.
    """

    def __init__(self) -> None:
        self.since: tuple[float, int] | None = None

    def on_train_start(self, trainer: Trainer, pl_module: AdversarialGame) -> None:
        self.since = None

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: AdversarialGame, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        every = trainer.log_every_n_steps  # type: ignore[attr-defined]
        if self.since is None:
            self.since = (time.perf_counter(), pl_module.images_seen)
        elif every and trainer.global_step % every == 0:
            now, seen = time.perf_counter(), pl_module.images_seen
            rate = (seen - self.since[1]) / (now - self.since[0])
            self.since = (now, seen)
            publish_scalars(trainer, {"images_per_second": rate}, trainer.global_step)
