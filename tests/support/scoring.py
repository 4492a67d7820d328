"""Short runs with scores, and records as they write them."""

from dataclasses import replace
from pathlib import Path

import torch
from hydra.utils import instantiate

from gan_lightning.callbacks.scores import Scores
from gan_lightning.evaluation.records import ScoreFile, ScoreRecord

QUIET = [
    "data.image_size=32", "data.batch_size=4", "trainer.accelerator=cpu", "trainer.max_epochs=-1", "logger=none",
    "model.generator.width=2", "model.discriminator.width=2", "callbacks=[checkpoint,scores]",
    "+trainer.enable_progress_bar=false", "callbacks.scores.num_images=12",
]  # fmt: skip
CLASSES = ["data=folder_labelled", "data.channels=1"]
EVERY_SECOND = ["metric=[fid]", "callbacks.scores.every_n_iterations=2"]
NUMBERED = ["callbacks.checkpoint.every_n_iterations=1", "callbacks.checkpoint.keep=null"]
RECORD = ScoreRecord(
    weights="raw", batch_norm="eval", latent_seed=0, precision="32-true", iteration=0, images_seen=0, seed=0, run="run",
    score="fd_random", value=1.0, settings={}, n_real=15, n_fake=12, split="train", data="", resize="none",
    extractor="random", extractor_sha256="", versions={}, warnings=[],
)  # fmt: skip


def record(value, iteration, **more):
    return replace(RECORD, value=value, iteration=iteration, **more)


def played(composed, folder, steps, *more, resume=None):
    """Train for some iterations; return the trainer, and what the last checkpoint holds."""
    config = composed(*QUIET, f"trainer.max_steps={steps}", *more, run_dir=folder)
    torch.manual_seed(0)
    model, data, trainer = instantiate(config.model), instantiate(config.data), instantiate(config.trainer)
    trainer.fit(model, data, ckpt_path=resume, weights_only=True)
    return trainer, torch.load(f"{folder}/checkpoints/last.ckpt", weights_only=True)


def iterations(folder):
    """Return the iterations of a run's scores."""
    return [each.iteration for each in ScoreFile(Path(folder) / "scores.jsonl").read()]


def iteration_of(folder, name):
    """Return the iteration of a run's checkpoint."""
    return torch.load(Path(folder) / "checkpoints" / f"{name}.ckpt", weights_only=True)["global_step"]


def scores_of(trainer):
    """Return the callback that scores."""
    (scores,) = [callback for callback in trainer.callbacks if isinstance(callback, Scores)]
    return scores
