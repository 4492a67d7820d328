"""Objectives that really train: all eight Gaussians found, and most points where they belong."""

import pytest
import torch
from hydra.utils import instantiate
from lightning import seed_everything

from support.playing import play

OBJECTIVES = ["wgan_gp", "hinge_sn", "relativistic", "least_squares"]
POINTS = 10_000


def covered_and_near(ring, images):
    near = ring.near(images)
    return int((near >= 0.01).sum()), float(near.sum())


def built(composed, objective, seed):
    config = composed(f"experiment=ring/{objective}", f"seed={seed}")
    seed_everything(seed, verbose=False)
    return instantiate(config.model), instantiate(config.data), config.trainer.max_steps


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_objective_finds_every_gaussian_and_stays_near_them(objective, seed, composed, record_property):
    model, ring, steps = built(composed, objective, seed)
    play(model, ring, max_steps=steps, log_every_n_steps=1000)
    shares = ring.near(model.sample(range(POINTS)))
    covered, near = int((shares >= 0.01).sum()), float(shares.sum())
    measured = f"{covered} of 8 Gaussians, {near:.4f} of the points near one, {float(shares.min()):.4f} near the rarest"
    record_property(f"{objective}, seed {seed}", measured)
    assert covered == 8
    assert near >= 0.7


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_an_untrained_generator_does_neither(objective, composed):
    model, ring, _ = built(composed, objective, 0)
    covered, near = covered_and_near(ring, model.sample(range(POINTS)))
    assert covered < 8
    assert near < 0.7


def test_real_points_do_both(composed):
    ring = instantiate(composed("data=ring").data)
    points = ring.draw(POINTS, torch.Generator().manual_seed(0))
    assert points.shape == (POINTS, 2, 1, 1)
    covered, near = covered_and_near(ring, points)
    assert covered == 8
    assert near == pytest.approx(1 - 2.718281828**-4.5, abs=0.005), "the part of a plane Gaussian within three sigma"
    assert points.flatten(1).norm(dim=1).mean() == pytest.approx(0.7, abs=0.01)


def test_points_are_a_function_of_seed_and_iteration(composed):
    def seen(seed, start=0):
        ring = instantiate(composed("data=ring", f"seed={seed}", "data.batch_size=8").data)
        model = instantiate(composed("experiment=ring/least_squares").model)
        taken, terms = [], model.discriminator_terms
        model.discriminator_terms = lambda batch, fakes: taken.append(batch.images) or terms(batch, fakes)
        play(model, ring, max_steps=3)
        return torch.stack(taken)

    assert torch.equal(seen(3), seen(3))
    assert not torch.equal(seen(3), seen(4))
    first, second, third = seen(3)
    assert not torch.equal(first, second)
    assert not torch.equal(second, third)
