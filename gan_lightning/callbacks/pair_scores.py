"""How near translated images are to their targets, in the course of training."""

import logging
from collections import defaultdict
from itertools import count
from typing import Any, Literal

import torch
from lightning import Callback, LightningModule, Trainer
from torch import Tensor

from gan_lightning.callbacks.pair_distances import (
    LPIPS_SMALLEST,
    SSIM_SMALLEST,
    Distance,
    alexnet_file,
    lpips,
    psnr,
    ssim,
)
from gan_lightning.data.pairs import AlignedDataModule
from gan_lightning.models.translation import TranslationModule
from gan_lightning.types import Batch, Count, Pair

log = logging.getLogger(__name__)


class PairScores(Callback):
    """Logs `pairs/psnr`, `pairs/ssim` and `pairs/lpips`, each a mean over the test pairs.

    The model translates each x, and the result, clamped to [-1, 1], is held against y. SSIM is left out for images
    below 11 pixels and LPIPS below 31; a set without test pairs has no scores. The first process computes alone, draws
    no random numbers, and keeps nothing in checkpoints.

    Args:
        every_n_steps: iterations between scores; None for none.
        every_n_epochs: epochs between scores; None for none. The end of training is always scored.
        batch_size: images translated at once.
        lpips: `auto` where torchvision's file of AlexNet lies in torch.hub's folder `checkpoints`, which nothing
            downloads; true insists on it.

    Raises:
        ValueError: before training, for a model that does not translate, or where `lpips` is true and the file is
            missing or the images are too small, or where the file is no state dict of AlexNet.
    """

    def __init__(
        self,
        every_n_steps: Count | None = None,
        every_n_epochs: Count | None = 1,
        batch_size: Count = 8,
        lpips: Literal["auto", True, False] = "auto",
    ) -> None:
        self.every_n_steps = every_n_steps
        self.every_n_epochs = every_n_epochs
        self.batch_size = batch_size
        self.lpips = lpips
        self.distances: dict[str, Distance] = {}
        self.scored = -1

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if not isinstance(pl_module, TranslationModule):
            model = type(pl_module).__name__
            raise ValueError(f"callbacks.pair_scores needs a model that translates images; got {model}")
        self.distances, self.scored = {}, -1
        data = trainer.datamodule  # type: ignore[attr-defined]
        if isinstance(data, AlignedDataModule):
            self.distances = self._possible(data.shape.image_size)
        elif trainer.is_global_zero:
            log.info("no pair scores: %s has no aligned pairs", type(data).__name__)

    @property
    def charts(self) -> list[str]:
        """The tags of the scores that these images allow."""
        return [f"pairs/{name}" for name in self.distances]

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not (trainer.is_global_zero and self.distances):
            return
        try:
            trainer.datamodule.still("test", self.batch_size, pl_module.device)  # type: ignore[attr-defined]
        except ValueError as error:
            log.info("no pair scores: %s", error)
            self.distances = {}

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        if self.every_n_steps and trainer.global_step % self.every_n_steps == 0:
            self._log(trainer, pl_module)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self.every_n_epochs and (trainer.current_epoch + 1) % self.every_n_epochs == 0:
            self._log(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._log(trainer, pl_module)

    def _log(self, trainer: Trainer, module: LightningModule) -> None:
        if not (trainer.is_global_zero and self.distances) or trainer.global_step == self.scored:
            return
        self.scored = trainer.global_step
        scores = self._scores(trainer.datamodule, module)  # type: ignore[attr-defined]
        for logger in trainer.loggers:
            logger.log_metrics(scores, step=trainer.global_step)

    @torch.no_grad()
    def _scores(self, data: AlignedDataModule, module: LightningModule) -> dict[str, float]:
        assert isinstance(module, TranslationModule)
        values: dict[str, list[Tensor]] = defaultdict(list)
        rows = count()
        for batch in data.still("test", self.batch_size, module.device):
            assert isinstance(batch, Pair)
            names = [f"test {next(rows)}" for _ in batch.x]
            output = module.translate(batch.x.to(module.dtype), names).to(batch.y).clamp(-1, 1)
            for name, distance in self.distances.items():
                values[f"pairs/{name}"].append(distance(output, batch.y))
        return {name: torch.cat(each).double().mean().item() for name, each in values.items()}

    def _possible(self, size: int) -> dict[str, Distance]:
        """The scores that images of this size allow, by name."""
        distances: dict[str, Distance] = {"psnr": psnr}
        if size >= SSIM_SMALLEST:
            distances["ssim"] = ssim
        else:
            log.info("pairs/ssim is left out: it needs data.image_size of at least %d; got %d", SSIM_SMALLEST, size)
        file = alexnet_file()
        missing = None
        if size < LPIPS_SMALLEST:
            missing = f"needs data.image_size of at least {LPIPS_SMALLEST}; got {size}"
        elif not file.is_file():
            missing = f"needs torchvision's weights of AlexNet at {file}, and there is no such file"
        if self.lpips is True and missing:
            raise ValueError(f"callbacks.pair_scores.lpips: true {missing}; put it right, or use auto or false")
        if self.lpips and missing:
            log.info("pairs/lpips is left out: it %s", missing)
        elif self.lpips:
            distances["lpips"] = lpips(file)
        return distances
