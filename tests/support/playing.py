"""A short game on random images."""

import torch
from lightning import Trainer
from torch.utils.data import DataLoader

from gan_lightning.types import Unlabelled

SMALL = ["data.image_size=16", "model.latent_dim=4", "model.generator.width=2", "model.discriminator.width=2"]


def batches(count=40, rows=4, size=16):
    torch.manual_seed(0)
    return DataLoader([Unlabelled(torch.rand(rows, 1, size, size) * 2 - 1) for _ in range(count)], batch_size=None)


def play(model, loader=None, callbacks=(), **trainer):
    settings = dict(
        accelerator="cpu", max_epochs=-1, max_steps=10, logger=False, enable_checkpointing=False, log_every_n_steps=1,
        enable_progress_bar=False, enable_model_summary=False, callbacks=list(callbacks),
    ) | trainer  # fmt: skip
    start = settings.pop("ckpt_path", None)
    runner = Trainer(**settings)
    runner.fit(model, batches() if loader is None else loader, ckpt_path=start, weights_only=True)
    return runner
