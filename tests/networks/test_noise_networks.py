"""Networks that make images from noise: their sizes, ranges and layers, and what cannot be built."""

import pytest
import torch
from torch import nn

from gan_lightning.networks.dcgan import DCGANDiscriminator, DCGANGenerator, plan_layers
from gan_lightning.networks.lsgan import LSGANDiscriminator, LSGANGenerator
from gan_lightning.networks.mlp import MLPDiscriminator, MLPGenerator
from gan_lightning.networks.r3gan import R3GANDiscriminator, R3GANGenerator, ResidualBlock
from gan_lightning.networks.sngan import SNGANDiscriminator, SNGANGenerator
from support.networks import count

PAIRS = {
    "dcgan": (DCGANGenerator, DCGANDiscriminator, (8, 12, 16, 24, 32, 48, 64, 96, 128)),
    "lsgan": (LSGANGenerator, LSGANDiscriminator, (16, 48, 64, 112)),
    "mlp": (MLPGenerator, MLPDiscriminator, (1, 7, 28)),
    "sngan": (SNGANGenerator, SNGANDiscriminator, (32, 48, 64, 128)),
    "r3gan": (R3GANGenerator, R3GANDiscriminator, (4, 8, 32, 64)),
}


@pytest.fixture(autouse=True)
def stream():
    torch.manual_seed(0)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("name", "size"), [(name, size) for name, (_, _, sizes) in PAIRS.items() for size in sizes])
def test_generators_make_images_in_range_and_discriminators_one_number_each(name, size, channels):
    make_generator, make_discriminator, _ = PAIRS[name]
    generator = make_generator(latent_dim=5, channels=channels, image_size=size, width=2)
    discriminator = make_discriminator(channels=channels, image_size=size, width=2)
    with torch.no_grad():
        assert 0 < generator.eval()(100 * torch.randn(3, 5)).abs().max() <= 1
    images = generator.train()(torch.randn(3, 5))
    assert images.shape == (3, channels, size, size)
    logits = discriminator(images)
    assert logits.shape == (3, 1)
    assert discriminator(100 * torch.ones_like(images)).abs().max() > 1e-6
    logits.sum().backward()
    assert all(parameter.grad is not None for parameter in generator.parameters())


@pytest.mark.parametrize(("name", "size"), [("dcgan", 16), ("lsgan", 16), ("mlp", 7), ("sngan", 32), ("r3gan", 8)])
def test_logits_are_the_last_layers_own_values(name, size):
    discriminator = PAIRS[name][1](channels=1, image_size=size, width=2, spectral_norm=False).eval()
    images = torch.randn(3, 1, size, size)
    logits = discriminator(images)
    *_, last = (layer for layer in discriminator.modules() if isinstance(layer, nn.Conv2d | nn.Linear))
    with torch.no_grad():
        for parameter in last.parameters():
            parameter.neg_()
    torch.testing.assert_close(discriminator(images), -logits)


@pytest.mark.parametrize("kernel", [2, 3, 4, 5, 6, 7])
def test_any_end_kernel_keeps_the_size(kernel):
    generator = DCGANGenerator(latent_dim=5, channels=1, image_size=32, width=2, end_kernel=kernel)
    discriminator = DCGANDiscriminator(channels=1, image_size=32, width=2, end_kernel=kernel)
    assert discriminator(generator(torch.randn(2, 5))).shape == (2, 1)
    with pytest.raises(ValueError, match="at least 3"):
        plan_layers(96, 2)


@pytest.mark.parametrize("size", [4, 20, 28, 33, 112])
def test_a_size_that_dcgan_cannot_make_is_refused_with_those_it_can(size):
    for make in (lambda: DCGANGenerator(5, 1, size), lambda: DCGANDiscriminator(1, size)):
        with pytest.raises(ValueError, match=rf"4 \* 2\*\*n .* got {size}"):
            make()


def test_a_size_that_lsgan_cannot_make_is_refused():
    with pytest.raises(ValueError, match="multiple of 16; got 100"):
        LSGANGenerator(5, 1, 100)


@pytest.mark.parametrize("make", [lambda: SNGANGenerator(5, 1, 28), lambda: SNGANDiscriminator(1, 28)])
def test_sngan_names_the_sizes_it_can_make(make):
    with pytest.raises(ValueError, match=r"^SNGAN's image_size must be 32, 48, 64 or 128; got 28, and 32 fits$"):
        make()


@pytest.mark.parametrize("size", [1, 2, 3, 12, 28, 33])
@pytest.mark.parametrize("make", [lambda size: R3GANGenerator(5, 1, size), lambda size: R3GANDiscriminator(1, size)])
def test_r3gan_names_the_sizes_it_can_make(make, size):
    with pytest.raises(ValueError, match=rf"image_size must be 4 \* 2\*\*n .*; got {size}, and \d+ fits$"):
        make(size)


def test_the_tutorials_slip_is_the_one_relu():
    slipped, right = (LSGANGenerator(5, 1, 16, width=2, stem_relu=relu) for relu in (False, True))
    relus = [sum(isinstance(layer, nn.ReLU) for layer in net.modules()) for net in (slipped, right)]
    assert relus == [6, 7]


def test_an_mlp_makes_points_in_the_plane():
    generator = MLPGenerator(latent_dim=2, channels=2, image_size=1, width=64, dropout=0.0)
    discriminator = MLPDiscriminator(channels=2, image_size=1, width=64, dropout=0.0, spectral_norm=True)
    points = generator(torch.randn(16, 2))
    assert points.shape == (16, 2, 1, 1)
    assert discriminator(points).shape == (16, 1)
    assert torch.equal(discriminator.eval()(points), discriminator(points))


def test_sngan_has_the_papers_layers_at_32_pixels():
    def conv(before, after, side=3):
        return before * after * side**2 + after

    up = 2 * conv(256, 256) + conv(256, 256, 1) + 4 * 256
    generator = 129 * 256 * 16 + 3 * up + 2 * 256 + conv(256, 3)
    image = conv(3, 128) + conv(128, 128) + conv(3, 128, 1)
    discriminator = image + 3 * 2 * conv(128, 128) + conv(128, 128, 1) + 129
    assert count(SNGANGenerator(128, 3, 32)) == generator == 4_276_739
    assert count(SNGANDiscriminator(3, 32)) == discriminator == 1_053_825


@pytest.mark.parametrize(("size", "side"), [(32, 8), (48, 3), (64, 2), (128, 4)])
def test_sngans_discriminator_sums_over_a_last_map_of_the_papers_side(size, side):
    assert SNGANDiscriminator(3, size, width=2).blocks(torch.randn(1, 3, size, size)).shape[2:] == (side, side)


def test_mean_pooling_divides_the_sum_by_the_last_maps_pixels():
    summed = SNGANDiscriminator(1, 32, width=4, spectral_norm=False)
    averaged = SNGANDiscriminator(1, 32, width=4, spectral_norm=False, mean_pool=True)
    averaged.load_state_dict(summed.state_dict())
    images, bias = torch.randn(2, 1, 32, 32), summed.head.bias
    torch.testing.assert_close((averaged(images) - bias) * 64, summed(images) - bias)


def test_r3gan_doubles_its_channels_up_to_eightfold_and_groups_sixteen_of_them():
    generator, discriminator = R3GANGenerator(5, 3, 128, width=8), R3GANDiscriminator(3, 128, width=8)
    for network, order in ((generator, 1), (discriminator, -1)):
        blocks = [block for block in network.modules() if isinstance(block, ResidualBlock)]
        assert [block.net[4].out_channels for block in blocks][::order] == [64] * 6 + [32] * 2 + [16] * 2 + [8] * 2
        assert all(block.net[2].in_channels // block.net[2].groups == 16 for block in blocks)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in [*generator.modules(), *discriminator.modules()])
    assert R3GANGenerator(5, 3, 8, width=7)(torch.randn(2, 5)).shape == (2, 3, 8, 8), "any width can be grouped"


def test_r3gans_blocks_start_as_the_identity():
    maps = torch.randn(2, 8, 4, 4)
    block = ResidualBlock(8, depth=16)
    assert torch.equal(block(maps), maps)
    shallow, deep = (ResidualBlock(64, depth=depth).net[0].weight.detach().std() for depth in (1, 16))
    assert deep / shallow == pytest.approx(0.5, rel=0.05)


def test_r3gans_generator_is_cut_to_the_range_of_images_in_eval_mode_alone():
    generator, latents = R3GANGenerator(5, 3, 8, width=8), 100 * torch.randn(16, 5)
    free, shown = generator(latents), generator.eval()(latents)
    assert free.abs().max() > 2, "no tanh follows the last convolution"
    assert torch.equal(shown, free.clamp(-1, 1))


def test_r3gans_logits_tell_images_apart_before_training():
    images = torch.randn(16, 3, 2, 2).repeat_interleave(8, 2).repeat_interleave(8, 3)
    assert 0.1 < R3GANDiscriminator(3, 16, width=8)(images).std() < 10
