"""Initialisation of weights: each has its distribution, and touches what it should."""

import pytest
import torch
from torch import nn

from gan_lightning.networks.dcgan import DCGANGenerator
from gan_lightning.networks.initialisation import dcgan, glorot, orthogonal, torch_default
from gan_lightning.networks.lsgan import LSGANDiscriminator
from gan_lightning.networks.sampling import ImageBatchNorm
from gan_lightning.networks.unet import UNetGenerator


@pytest.fixture(autouse=True)
def stream():
    torch.manual_seed(0)


def test_dcgan_initialisation_has_the_papers_standard_deviation():
    torch.manual_seed(0)
    generator = DCGANGenerator(latent_dim=100, channels=3, image_size=64, width=32)
    for layer in generator.net:
        if isinstance(layer, nn.ConvTranspose2d) and layer.weight.numel() > 10_000:
            layer.requires_grad_(False)
            assert layer.weight.std() == pytest.approx(0.02, rel=0.05)
            assert abs(layer.weight.mean()) < 0.001
        if isinstance(layer, nn.BatchNorm2d) and layer.weight.numel() > 100:
            layer.requires_grad_(False)
            assert layer.weight.mean() == pytest.approx(1, abs=0.01)
            assert layer.weight.std() == pytest.approx(0.02, rel=0.2)
            assert layer.bias.abs().max() == 0


def test_initialisation_leaves_linear_layers_alone():
    layer = nn.Linear(4, 4)
    before = layer.weight.clone()
    dcgan(layer)
    assert torch.equal(layer.weight, before)


def test_dcgans_initialisation_knows_image_batch_norm():
    weights = torch.cat(
        [
            p
            for layer in UNetGenerator(3, 64, width=32).modules()
            if isinstance(layer, ImageBatchNorm)
            for p in [layer.weight.detach()]
        ]
    )
    assert weights.mean() == pytest.approx(1, abs=0.01)
    assert weights.std() == pytest.approx(0.02, rel=0.15)


def test_orthogonal_initialisation_makes_rows_orthonormal_and_biases_zero():
    generator = DCGANGenerator(100, 1, 16, width=8, bias=True, init=orthogonal)
    discriminator = LSGANDiscriminator(1, 16, width=8, init=orthogonal)
    for network in (generator, discriminator):
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
                weight = module.weight.flatten(1)
                small = weight if weight.shape[0] <= weight.shape[1] else weight.T
                assert torch.allclose(small @ small.T, torch.eye(len(small)), atol=1e-4)
                assert (module.bias == 0).all()


def test_glorot_initialisation_has_its_variance():
    conv, shortcut = nn.Conv2d(32, 64, 3), nn.Conv2d(128, 128, 1)
    glorot(conv), glorot(shortcut)
    assert conv.weight.detach().std() == pytest.approx((2 * 2 / (96 * 9)) ** 0.5, rel=0.03)
    assert shortcut.weight.detach().std() == pytest.approx((2 / 256) ** 0.5, rel=0.03)
    assert (conv.bias == 0).all()


def test_torchs_own_initialisation_is_left_alone():
    layer = nn.Linear(3, 3)
    before = layer.weight.clone()
    torch_default(layer)
    assert torch.equal(layer.weight, before)
