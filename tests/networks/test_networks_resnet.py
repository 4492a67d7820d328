"""ResNets, conditional networks, normalisation of weights and maps, initialisation."""

import copy

import pytest
import torch
from torch import nn

from gan_lightning.networks.conditional_dcgan import ConditionalDCGANGenerator, ProjectionDCGANDiscriminator
from gan_lightning.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from gan_lightning.networks.initialisation import glorot, orthogonal, torch_default
from gan_lightning.networks.lsgan import LSGANDiscriminator
from gan_lightning.networks.mlp import MLPDiscriminator, MLPGenerator
from gan_lightning.networks.normalisation import ClassBatchNorm, group_norm
from gan_lightning.networks.r3gan import R3GANDiscriminator, R3GANGenerator, Residual
from gan_lightning.networks.sngan import SNGANDiscriminator, SNGANGenerator

PAIRS = [
    *((SNGANGenerator, SNGANDiscriminator, size) for size in (32, 48, 64, 128)),
    *((R3GANGenerator, R3GANDiscriminator, size) for size in (4, 8, 32, 64)),
]
DISCRIMINATORS = {
    "dcgan": lambda **more: DCGANDiscriminator(1, 16, width=4, norm=None, **more),
    "dcgan with a linear head": lambda **more: DCGANDiscriminator(1, 16, width=4, linear_head=True, **more),
    "lsgan": lambda **more: LSGANDiscriminator(1, 16, width=4, norm=None, **more),
    "mlp": lambda **more: MLPDiscriminator(1, 16, width=8, **more),
    "sngan": lambda **more: SNGANDiscriminator(1, 32, width=4, **more),
    "r3gan": lambda **more: R3GANDiscriminator(1, 16, width=4, **more),
    "cgan": lambda **more: ProjectionDCGANDiscriminator(1, 16, 3, width=4, norm=None, **more),
    "conditional sngan": lambda **more: SNGANDiscriminator(1, 32, width=4, num_classes=3, **more),
}
SIZE = {"sngan": 32, "conditional sngan": 32}
CONDITIONAL = {
    "cgan": (
        ConditionalDCGANGenerator(5, 3, channels=1, image_size=16, width=4),
        ProjectionDCGANDiscriminator(1, 16, 3, width=4),
    ),
    "conditional sngan": (
        SNGANGenerator(5, 1, 32, width=4, num_classes=3),
        SNGANDiscriminator(1, 32, width=4, num_classes=3),
    ),
}


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("make_generator", "make_discriminator", "size"), PAIRS)
def test_generators_make_images_in_range_and_discriminators_one_raw_logit_each(
    make_generator, make_discriminator, size, channels
):
    images = make_generator(5, channels, size, width=2)(torch.randn(3, 5))
    logits = make_discriminator(channels, size, width=2)(images)
    assert images.shape == (3, channels, size, size)
    assert 0 < images.abs().max() <= 1
    assert logits.shape == (3, 1)
    logits.sum().backward()


@pytest.mark.parametrize("make", [lambda: SNGANGenerator(5, 1, 28), lambda: SNGANDiscriminator(1, 28)])
def test_sngan_names_the_sizes_it_can_make(make):
    with pytest.raises(ValueError, match=r"^SNGAN's image_size must be 32, 48, 64 or 128; got 28$"):
        make()


@pytest.mark.parametrize("size", [1, 2, 3, 12, 28, 33])
@pytest.mark.parametrize("make", [lambda size: R3GANGenerator(5, 1, size), lambda size: R3GANDiscriminator(1, size)])
def test_r3gan_names_the_sizes_it_can_make(make, size):
    with pytest.raises(ValueError, match=rf"image_size must be 4 \* 2\*\*n .*; got {size}$"):
        make(size)


def test_conditional_dcgan_names_the_sizes_it_can_make():
    with pytest.raises(ValueError, match=r"4 \* 2\*\*n .* got 28"):
        ConditionalDCGANGenerator(5, 3, channels=1, image_size=28)
    with pytest.raises(ValueError, match=r"4 \* 2\*\*n .* got 28"):
        ProjectionDCGANDiscriminator(1, 28, 3)


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
        blocks = [block for block in network.modules() if isinstance(block, Residual)]
        assert [block.net[4].out_channels for block in blocks][::order] == [64] * 6 + [32] * 2 + [16] * 2 + [8] * 2
        assert all(block.net[2].in_channels // block.net[2].groups == 16 for block in blocks)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in [*generator.modules(), *discriminator.modules()])
    assert R3GANGenerator(5, 3, 8, width=7)(torch.randn(2, 5)).shape == (2, 3, 8, 8), "any width can be grouped"


def test_r3gans_blocks_start_as_the_identity():
    maps = torch.randn(2, 8, 4, 4)
    block = Residual(8, depth=16)
    assert torch.equal(block(maps), maps)
    shallow, deep = (Residual(64, depth=depth).net[0].weight.detach().std() for depth in (1, 16))
    assert deep / shallow == pytest.approx(0.5, rel=0.05)


def test_r3gans_logits_tell_images_apart_before_training():
    images = torch.randn(16, 3, 2, 2).repeat_interleave(8, 2).repeat_interleave(8, 3)
    assert 0.1 < R3GANDiscriminator(3, 16, width=8)(images).std() < 10


# Conditions.


@pytest.mark.parametrize("name", CONDITIONAL)
def test_the_label_changes_what_the_generator_makes(name):
    generator, _ = copy.deepcopy(CONDITIONAL[name])
    for norm in generator.modules():
        if isinstance(norm, ClassBatchNorm):  # it starts alike for all classes
            nn.init.normal_(norm.shift)
    generator.eval()
    latents = torch.randn(1, 5)
    made = [generator(latents, torch.tensor([label])) for label in range(3)]
    again = generator(latents, torch.tensor([0]))
    assert torch.equal(made[0], again)
    assert all((made[0] - other).abs().max() > 1e-5 for other in made[1:])


@pytest.mark.parametrize("name", CONDITIONAL)
def test_the_label_changes_what_the_discriminator_says(name):
    generator, discriminator = CONDITIONAL[name]
    discriminator.eval()
    images = generator(torch.randn(2, 5), torch.tensor([0, 1])).detach()
    logits = [discriminator(images, torch.full((2,), label)) for label in range(3)]
    assert logits[0].shape == (2, 1)
    assert all((logits[0] - other).abs().max() > 1e-6 for other in logits[1:])


def test_only_the_given_classes_take_a_gradient():
    for (generator, _), name in zip(CONDITIONAL.values(), ("embedding.weight", "blocks.0.norm1.scale"), strict=True):
        generator.train().zero_grad()
        generator(torch.randn(4, 5), torch.tensor([0, 0, 2, 2])).pow(3).sum().backward()
        given = generator.get_parameter(name).grad.abs().sum(1)
        assert given[1] == 0
        assert given[[0, 2]].min() > 0


def test_class_batch_norm_starts_as_plain_batch_norm_and_then_follows_its_class():
    maps, labels = torch.randn(8, 4, 5, 5), torch.tensor([0, 1] * 4)
    norm = ClassBatchNorm(4, 2)
    plain = nn.BatchNorm2d(4)(maps)
    assert torch.allclose(norm(maps, labels), plain, atol=1e-6)
    with torch.no_grad():
        norm.scale[1], norm.shift[1] = 3, -2
    assert torch.allclose(norm(maps, labels)[1::2], 3 * plain[1::2] - 2, atol=1e-5)
    assert torch.allclose(norm(maps, labels)[::2], plain[::2], atol=1e-6)


def test_sngan_refuses_labels_without_classes_and_classes_without_labels():
    labels = torch.zeros(2, dtype=torch.long)
    for num_classes, given in ((None, (labels,)), (3, ())):
        with pytest.raises(TypeError):
            SNGANGenerator(5, 1, 32, width=2, num_classes=num_classes)(torch.randn(2, 5), *given)
        with pytest.raises(TypeError):
            SNGANDiscriminator(1, 32, width=2, num_classes=num_classes)(torch.randn(2, 1, 32, 32), *given)


# Spectral norm.


def matrices(network):
    """The effective weights of all layers that have one, as matrices with the output first."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear | nn.Embedding):
            yield module, module.weight.detach().flatten(1)


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_after_fifty_power_iterations_every_spectrally_normalised_layer_has_a_largest_singular_value_of_one(name):
    critic = DISCRIMINATORS[name](spectral_norm=True)
    labels = [torch.tensor([0, 2])] if name in CONDITIONAL else []
    for _ in range(50):
        critic(torch.randn(2, 1, SIZE.get(name, 16), SIZE.get(name, 16)), *labels)
    critic.eval()
    values = [float(torch.linalg.matrix_norm(weight, 2)) for _, weight in matrices(critic)]
    assert len(values) >= 3
    assert values == pytest.approx([1] * len(values), rel=0.02)


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_without_spectral_norm_the_weights_are_plain_parameters(name):
    plain, bound = (DISCRIMINATORS[name](spectral_norm=on) for on in (False, True))
    assert not any("parametrizations" in key for key in plain.state_dict())
    assert sum("_u" in key for key in bound.state_dict()) == sum(1 for _ in matrices(bound))
    assert any(abs(torch.linalg.matrix_norm(weight, 2) - 1) > 0.1 for _, weight in matrices(plain))
    assert count(plain) == count(bound)


def test_a_spectrally_normalised_discriminator_is_copied_trains_and_plays_under_autocast():
    critic = SNGANDiscriminator(3, 32, width=4)
    images = torch.randn(2, 3, 32, 32)
    with torch.autocast("cpu", torch.bfloat16):
        (critic(images) - critic(-images)).float().mean().backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in critic.parameters())
    twin = copy.deepcopy(critic).eval()
    assert torch.equal(twin(images), critic.eval()(images))


# Norms and initialisations.


@pytest.mark.parametrize(("channels", "groups"), [(64, 32), (32, 32), (24, 8), (7, 1)])
def test_group_norm_takes_the_most_groups_that_divide(channels, groups):
    assert group_norm(channels).num_groups == groups


@pytest.mark.parametrize("norm", [None, nn.BatchNorm2d, nn.InstanceNorm2d, group_norm])
def test_every_norm_goes_into_every_convolutional_discriminator(norm):
    kind = type(norm(4)) if norm else None
    for make, size in ((DCGANDiscriminator, 16), (LSGANDiscriminator, 32), (SNGANDiscriminator, 32)):
        critic = make(1, size, width=4, norm=norm)
        found = {type(m) for m in critic.modules()} & {nn.BatchNorm2d, nn.InstanceNorm2d, nn.GroupNorm}
        assert found == ({kind} if norm else set())
        assert critic(torch.randn(2, 1, size, size)).shape == (2, 1)


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


def test_spectral_norm_comes_after_initialisation():
    critic = DCGANDiscriminator(1, 16, width=8, norm=None, init=orthogonal, spectral_norm=True)
    weight = critic.net[2].parametrizations.weight.original.flatten(1)
    assert torch.allclose(weight @ weight.T, torch.eye(len(weight)), atol=1e-4)


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


def test_an_mlp_makes_points_in_the_plane():
    generator = MLPGenerator(latent_dim=2, channels=2, image_size=1, width=64, dropout=0.0)
    discriminator = MLPDiscriminator(channels=2, image_size=1, width=64, dropout=0.0, spectral_norm=True)
    points = generator(torch.randn(16, 2))
    assert points.shape == (16, 2, 1, 1)
    assert discriminator(points).shape == (16, 1)
    assert torch.equal(discriminator.eval()(points), discriminator(points))
