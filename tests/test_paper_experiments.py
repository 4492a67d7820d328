"""The papers' experiments at their full width, on data of their shape made on the spot."""

import math

import pytest
import torch
from hydra.utils import instantiate
from test_game import play
from torch.utils.data import DataLoader

from gan_lightning.types import Labelled, Unlabelled

EXPERIMENTS = {
    "wgan_gp_cifar10": (3, 32), "sngan_cifar10": (3, 32), "sngan_celeba": (3, 64), "dcgan_cifar10": (3, 32),
    "lsgan_cifar10": (3, 32), "r3gan_cifar10": (3, 32), "cgan_mnist": (1, 32),
}  # fmt: skip
ROWS = 2
ITERATIONS = 20


@pytest.mark.slow
@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_twenty_iterations_at_full_width(experiment, composed):
    channels, size = EXPERIMENTS[experiment]
    config = composed(f"experiment=paper/{experiment}")
    assert (config.data.channels, config.data.image_size) == (channels, size)
    model = instantiate(config.model)
    before = [weight.clone() for weight in model.generator.parameters()]
    images = torch.rand(ROWS, channels, size, size) * 2 - 1
    batch = Labelled(images, torch.arange(ROWS)) if "cgan" in experiment else Unlabelled(images)
    trainer = play(model, DataLoader([batch] * ITERATIONS, batch_size=None), max_steps=ITERATIONS)
    assert trainer.global_step == ITERATIONS
    assert all(math.isfinite(value) for value in trainer.callback_metrics.values())
    assert all(not torch.equal(*pair) for pair in zip(model.generator.parameters(), before, strict=True))


@pytest.mark.parametrize("experiment", ["wgan_gp_cifar10", "sngan_cifar10", "sngan_celeba"])
def test_runs_of_mimicrys_length_move_the_generator_100_000_times(experiment, composed):
    config = composed(f"experiment=paper/{experiment}")
    assert config.trainer.max_steps // config.model.generator_every == 100_000
    assert (config.data.batch_size, config.model.discriminator_optimizer.lr) == (64, 2e-4)
