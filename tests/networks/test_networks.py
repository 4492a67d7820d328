"""The networks: sizes, ranges, and what cannot be built."""

import pytest
import torch

from gan_lightning.networks.dcgan import DCGANDiscriminator, DCGANGenerator, scales
from gan_lightning.networks.initialisation import dcgan
from gan_lightning.networks.lsgan import LSGANDiscriminator, LSGANGenerator
from gan_lightning.networks.mlp import MLPDiscriminator, MLPGenerator

PAIRS = {
    "dcgan": (DCGANGenerator, DCGANDiscriminator, (8, 12, 16, 24, 32, 48, 64, 96, 128)),
    "lsgan": (LSGANGenerator, LSGANDiscriminator, (16, 48, 64, 112)),
    "mlp": (MLPGenerator, MLPDiscriminator, (1, 7, 28)),
}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("name", "size"), [(name, size) for name, (_, _, sizes) in PAIRS.items() for size in sizes])
def test_generators_make_images_in_range_and_discriminators_one_raw_logit_each(name, size, channels):
    make_generator, make_discriminator, _ = PAIRS[name]
    generator = make_generator(latent_dim=5, channels=channels, image_size=size, width=2)
    discriminator = make_discriminator(channels=channels, image_size=size, width=2)
    images = generator(torch.randn(3, 5))
    assert images.shape == (3, channels, size, size)
    assert images.abs().max() <= 1
    assert discriminator(images).shape == (3, 1)
    assert discriminator(100 * torch.ones_like(images)).abs().max() > 1e-6


@pytest.mark.parametrize("kernel", [2, 3, 4, 5, 6, 7])
def test_any_end_kernel_keeps_the_size(kernel):
    generator = DCGANGenerator(latent_dim=5, channels=1, image_size=32, width=2, end_kernel=kernel)
    discriminator = DCGANDiscriminator(channels=1, image_size=32, width=2, end_kernel=kernel)
    assert discriminator(generator(torch.randn(2, 5))).shape == (2, 1)
    with pytest.raises(ValueError, match="at least 3"):
        scales(96, 2)


@pytest.mark.parametrize("size", [4, 20, 28, 33, 112])
def test_a_size_that_dcgan_cannot_make_is_refused_with_those_it_can(size):
    for make in (lambda: DCGANGenerator(5, 1, size), lambda: DCGANDiscriminator(1, size)):
        with pytest.raises(ValueError, match=rf"4 \* 2\*\*n .* got {size}"):
            make()


def test_a_size_that_lsgan_cannot_make_is_refused():
    with pytest.raises(ValueError, match="multiple of 16; got 100"):
        LSGANGenerator(5, 1, 100)


def test_dcgan_initialisation_has_the_papers_standard_deviation():
    torch.manual_seed(0)
    generator = DCGANGenerator(latent_dim=100, channels=3, image_size=64, width=32)
    for layer in generator.net:
        if isinstance(layer, torch.nn.ConvTranspose2d) and layer.weight.numel() > 10_000:
            layer.requires_grad_(False)
            assert layer.weight.std() == pytest.approx(0.02, rel=0.05)
            assert abs(layer.weight.mean()) < 0.001
        if isinstance(layer, torch.nn.BatchNorm2d) and layer.weight.numel() > 100:
            layer.requires_grad_(False)
            assert layer.weight.mean() == pytest.approx(1, abs=0.01)
            assert layer.weight.std() == pytest.approx(0.02, rel=0.2)
            assert layer.bias.abs().max() == 0


def test_initialisation_leaves_linear_layers_alone():
    layer = torch.nn.Linear(4, 4)
    before = layer.weight.clone()
    dcgan(layer)
    assert torch.equal(layer.weight, before)


def test_normalisation_can_be_left_out():
    discriminator = DCGANDiscriminator(channels=1, image_size=32, width=2, norm=None)
    assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in discriminator.modules())
    assert any(isinstance(layer, torch.nn.BatchNorm2d) for layer in DCGANDiscriminator(1, 32, 2).modules())


def test_the_tutorials_slip_is_the_one_relu():
    slipped, right = (LSGANGenerator(5, 1, 16, width=2, stem_relu=relu) for relu in (False, True))
    relus = [sum(isinstance(layer, torch.nn.ReLU) for layer in net.modules()) for net in (slipped, right)]
    assert relus == [6, 7]
