"""SNGAN's and R3GAN's networks beside functions that are written from the papers alone."""

import pytest
import torch

from gan_lightning.networks.r3gan import R3GANDiscriminator, R3GANGenerator
from gan_lightning.networks.sngan import SNGANDiscriminator, SNGANGenerator
from support import paper_networks as papers


@pytest.fixture(autouse=True)
def stream():
    torch.manual_seed(0)


def images(side):
    return torch.randn(3, 3, side, side, dtype=torch.float64)


def latents():
    return torch.randn(3, 5, dtype=torch.float64)


def assert_equal(network, given, paper, *sizes):
    """Compare a network with a function from its paper, which must use every weight."""
    weights = papers.drawn_anew(network)
    expected = paper(weights, given, *sizes)
    assert next(weights, None) is None, "every weight is used"
    assert expected.std() > 1e-3
    torch.testing.assert_close(network(given), expected)


@pytest.mark.parametrize(("size", "first_side", "blocks"), [(32, 4, 3), (48, 6, 3), (64, 4, 4)])
def test_sngans_generator_is_the_papers(size, first_side, blocks):
    network = SNGANGenerator(5, 3, size, width=2)
    assert_equal(network, latents(), papers.sngan_generator, first_side, blocks)


@pytest.mark.parametrize(
    ("size", "halvings", "blocks_that_keep", "changes_channels"),
    [(32, 2, 2, False), (48, 4, 1, True), (64, 5, 0, False), (128, 5, 1, False)],
)
def test_sngans_discriminator_is_the_papers(size, halvings, blocks_that_keep, changes_channels):
    network = SNGANDiscriminator(3, size, width=2, spectral_norm=False)
    assert_equal(network, images(size), papers.sngan_discriminator, halvings, blocks_that_keep, changes_channels)


@pytest.mark.parametrize("size", [4, 16])
def test_r3gans_networks_are_the_papers(size):
    steps = (size // 4).bit_length() - 1
    generator, discriminator = R3GANGenerator(5, 3, size, width=8), R3GANDiscriminator(3, size, width=8)
    assert_equal(generator, latents(), papers.r3gan_generator, steps)
    assert_equal(discriminator, images(size), papers.r3gan_discriminator, steps)
