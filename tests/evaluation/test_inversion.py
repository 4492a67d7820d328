"""Inversion: latents of pictures that the generator itself has made are found, and stay likely."""

import pytest
import torch
from torch import nn

from gan_lightning import randomness
from gan_lightning.evaluation.inversion import Inversion, largest_norm, within
from gan_lightning.networks.conditional_dcgan import ConditionalDCGANGenerator
from gan_lightning.networks.dcgan import DCGANGenerator

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def network():
    """A small generator in eval mode whose images differ; its weights are seeded and larger than at the start."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = DCGANGenerator(8, channels=1, image_size=16, width=8)
        for weight in network.parameters():
            if weight.ndim > 1:
                nn.init.orthogonal_(weight, 2.0)
    return network.eval().requires_grad_(False)


def latents(rows, seed, columns=8):
    return randomness.normal(rows, columns, torch.Generator().manual_seed(seed), CPU)


def test_a_picture_of_the_generator_is_made_again_far_better_than_by_random_latents(network, record_property):
    true = within(randomness.normal, latents(3, 1))
    targets = network(true)
    generate = lambda some, labels: network(some)  # noqa: E731
    random = Inversion(generate, randomness.normal, steps=0)(targets, latents(4, 2))
    found = Inversion(generate, randomness.normal, steps=200)(targets, latents(4, 2))
    record_property(
        "inversion: errors in levels, random and found", f"{random.errors.tolist()} {found.errors.tolist()}"
    )
    assert (found.errors < random.errors / 10).all()
    assert found.images.shape == targets.shape
    assert torch.equal(found.images, network(found.latents))
    assert (found.latents.norm(dim=1) <= largest_norm(8) * 1.0001).all()


def test_a_picture_does_not_depend_on_the_others_and_the_best_start_is_kept(network):
    targets = network(latents(2, 1))
    inversion = Inversion(lambda some, labels: network(some), randomness.normal, steps=20)
    both, alone = inversion(targets, latents(3, 2)), inversion(targets[1:], latents(3, 2))
    torch.testing.assert_close(both.latents[1:], alone.latents, atol=1e-3, rtol=1e-3)
    single = [inversion(targets, start[None]).errors for start in latents(3, 2)]
    assert (both.errors <= torch.stack(single).max(0).values + 0.1).all()
    again = inversion(targets, latents(3, 2))
    assert torch.equal(both.latents, again.latents)


@pytest.mark.parametrize("batch_size", [1, 4, 5])
def test_no_pass_has_more_rows_than_the_batch_size(batch_size, network):
    rows = []
    generate = lambda some, labels: rows.append(len(some)) or network(some)  # noqa: E731
    targets, starts = network(latents(3, 1)), latents(3, 2)
    found = Inversion(generate, randomness.normal, steps=2, batch_size=batch_size)(targets, starts)
    assert max(rows) == batch_size
    whole = Inversion(generate, randomness.normal, steps=2)(targets, starts)
    torch.testing.assert_close(found.latents, whole.latents, atol=1e-3, rtol=1e-3)
    assert max(rows) == 9


def test_the_class_is_found_where_each_is_tried():
    torch.manual_seed(0)
    network = ConditionalDCGANGenerator(4, channels=1, image_size=16, num_classes=3, width=8).eval()
    nn.init.normal_(next(each for each in network.modules() if isinstance(each, nn.Embedding)).weight, std=5)
    true = torch.tensor([2, 0])
    targets = network(latents(2, 1, 4), true).detach()
    starts, tried = latents(2, 2, 4).repeat_interleave(3, 0), torch.arange(3).repeat(2).expand(2, -1)
    found = Inversion(network, randomness.normal, steps=30)(targets, starts, tried)
    assert found.labels.tolist() == true.tolist()


def test_normal_latents_are_shortened_to_what_99_of_100_do_not_exceed():
    for columns in (8, 100):
        drawn = latents(20_000, 0, columns)
        assert (drawn.norm(dim=1) <= largest_norm(columns)).float().mean() == pytest.approx(0.99, abs=0.003)
        kept = within(randomness.normal, 3 * drawn)
        assert (kept.norm(dim=1) <= largest_norm(columns) * 1.0001).all()
    short = latents(5, 0) / 10
    assert torch.equal(within(randomness.normal, short), short)


def test_uniform_latents_are_cut_and_others_are_left_alone():
    some = torch.tensor([[-3.0, 0.5, 2.0]])
    assert within(randomness.uniform, some).tolist() == [[-1.0, 0.5, 1.0]]
    assert torch.equal(within(lambda *_: some, some), some)
