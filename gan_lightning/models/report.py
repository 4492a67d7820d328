"""What a run reports: scalars by name at the clock's iteration, and their means over each epoch."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from lightning import LightningModule
from torch import Tensor

from gan_lightning.models.scalars import Means
from gan_lightning.types import Critic, Images, Logits


class Reporting(LightningModule):
    """Writes what is noted during a step at the trainer's cadence, beside the number of images seen."""

    def __init__(self) -> None:
        super().__init__()
        self.images_seen = 0
        self._step: dict[str, Tensor] = {}
        self._latest: dict[str, Tensor] = {}
        self._epoch = Means()

    def note(self, name: str, value: Tensor, add: bool = False) -> None:
        """Keep a scalar of this step, or add to what is kept under that name."""
        value = value.detach()
        self._step[name] = self._step[name] + value if add and name in self._step else value

    def watch(self, critic: Critic, named: Mapping[str, Images], shown: Callable[[Logits], Tensor]) -> Critic:
        """The critic in full precision, its mean output on the named images noted as it passes."""

        def watched(images: Images) -> Logits:
            logits = critic(images)
            logits = logits if logits.dtype == torch.float64 else logits.float()
            for name, of in named.items():
                if images is of:
                    self.note(name, shown(logits.detach()).mean())
            return logits

        return watched

    def report(self, iteration: int, bar: set[str]) -> None:
        """End the step: `iteration` is the number of steps done, `bar` what the progress bar shows.

        At the cadence the latest value of each name is written, so that a player who rests in that step is seen too.
        """
        self._epoch.add(self._step)
        self._latest |= self._step
        self._step = {}
        every = self.trainer.log_every_n_steps  # type: ignore[attr-defined]
        if every and iteration % every == 0:
            for name, value in self._latest.items():
                self.log(name, value, prog_bar=name in bar, logger=False)
            values = torch.stack([value.float() for value in self._latest.values()]).tolist()
            self._write(dict(zip(self._latest, values, strict=True)), iteration)
            self._latest = {}

    def on_train_epoch_end(self) -> None:
        self._write({f"epoch/{name}": value for name, value in self._epoch.read().items()}, self.global_step)

    def _write(self, scalars: dict[str, float], iteration: int) -> None:
        if scalars:
            clock = {"epoch": self.current_epoch, "images_seen": self.images_seen}
            for logger in self.loggers:
                logger.log_metrics({**scalars, **clock}, step=iteration)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["images_seen"] = self.images_seen

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.images_seen = checkpoint["images_seen"]
