"""The papers' experiments at their full width, on data of their shape made on the spot."""

import copy
import math

import pytest
import torch
from hydra.utils import instantiate
from torch.utils.data import DataLoader

from gan_lightning.types import Aligned, Labelled, Unlabelled
from support.configuration import options
from support.playing import play

TRANSLATIONS = ["paper/cyclegan_horse2zebra", "paper/pix2pix_facades"]
EXPERIMENTS = [name for name in options("experiment") if name.startswith("paper/") and name not in TRANSLATIONS]
ROWS = 2
ITERATIONS = 20


@pytest.mark.slow
@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_twenty_iterations_at_full_width(experiment, composed):
    config = composed(f"experiment={experiment}")
    channels, size = config.data.channels, config.data.image_size
    model = instantiate(config.model)
    before = copy.deepcopy(model)
    images = torch.rand(ROWS, channels, size, size) * 2 - 1
    batch = Labelled(images, torch.arange(ROWS)) if "cgan" in experiment else Unlabelled(images)
    trainer = play(model, DataLoader([batch] * ITERATIONS, batch_size=None), max_steps=ITERATIONS)
    assert trainer.global_step == ITERATIONS
    assert all(math.isfinite(value) for value in trainer.callback_metrics.values())
    moved = {
        player: [not torch.equal(*pair) for pair in zip(network.parameters(), was.parameters(), strict=True)]
        for player, network, was in (
            ("G", model.generator, before.generator),
            ("D", model.discriminator, before.discriminator),
        )
    }
    assert all(moved["G"])
    # Under a loss of differences D's last bias has no gradient.
    assert sum(not moves for moves in moved["D"]) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("experiment", TRANSLATIONS)
def test_three_iterations_of_translation_at_full_width_on_small_images(experiment, composed):
    model = instantiate(composed(f"experiment={experiment}", "data.image_size=64", "data.load_size=null").model)
    before = copy.deepcopy(model)
    x, y = torch.rand(2, 1, 3, 64, 64) * 2 - 1
    trainer = play(model, DataLoader([Aligned(x, y)] * 3, batch_size=None), max_steps=3)
    assert trainer.global_step == 3
    assert all(math.isfinite(value) for value in trainer.callback_metrics.values())
    for network, was in ((model.generator, before.generator), (model.discriminator, before.discriminator)):
        kernels = [pair for pair in zip(network.parameters(), was.parameters(), strict=True) if pair[0].ndim == 4]
        assert len(kernels) >= 5
        assert not any(torch.equal(*pair) for pair in kernels)


@pytest.mark.parametrize("experiment", ["wgan_gp_cifar10", "sngan_cifar10", "sngan_celeba"])
def test_runs_of_mimicrys_length_move_the_generator_100_000_times(experiment, composed):
    config = composed(f"experiment=paper/{experiment}")
    assert config.trainer.max_steps // config.model.generator_every == 100_000
    assert (config.data.batch_size, config.model.discriminator_optimizer.lr) == (64, 2e-4)
