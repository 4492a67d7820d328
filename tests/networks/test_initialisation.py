"""Initialisation of weights: each has its distribution, and touches what it should."""

import pytest
import torch
from hydra.utils import instantiate
from torch import nn

from gan_lightning.networks.dcgan import DCGANGenerator
from gan_lightning.networks.initialisation import dcgan, orthogonal, torch_default
from gan_lightning.networks.lsgan import LSGANDiscriminator
from gan_lightning.networks.sampling import ImageBatchNorm
from gan_lightning.networks.sngan import SNGANDiscriminator, SNGANGenerator
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


@pytest.mark.parametrize("layer", [nn.Conv2d(64, 64, 3), nn.ConvTranspose2d(64, 64, 3), nn.Linear(200, 200)], ids=str)
def test_dcgans_initialisation_draws_every_weight_matrix_and_sets_every_bias_to_zero(layer):
    dcgan(layer)
    assert layer.weight.detach().std() == pytest.approx(0.02, rel=0.03)
    assert abs(layer.weight.detach().mean()) < 0.001
    assert not layer.bias.any()


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


def glorots(fan_in, fan_out, gain=1.0):
    return gain * (2 / (fan_in + fan_out)) ** 0.5


def test_glorots_initialisation_of_sngan_has_a_gain_beside_the_relus_of_a_block_and_nowhere_else():
    generator, discriminator = SNGANGenerator(64, 3, 32, width=64), SNGANDiscriminator(3, 32, width=64)
    relu = 2**0.5
    drawn = [
        (generator.stem[0].weight, glorots(64, 1024)),
        (generator.blocks[0].conv1.weight, glorots(576, 576, relu)),
        (generator.blocks[2].conv2.weight, glorots(576, 576, relu)),
        (generator.blocks[1].shortcut.weight, glorots(64, 64)),
        (generator.image[2].weight, glorots(576, 27)),  # the last one: no ReLU is behind it
        (discriminator.blocks[0].conv1.parametrizations.weight.original, glorots(27, 576, relu)),
        (discriminator.blocks[2].conv2.parametrizations.weight.original, glorots(576, 576, relu)),
        (discriminator.blocks[1].shortcut.parametrizations.weight.original, glorots(64, 64)),
    ]
    for weight, std in drawn:
        assert weight.detach().std() == pytest.approx(std, rel=0.04)
        assert weight.detach().abs().max() <= std * 3**0.5 * 1.0001, "a uniform distribution"
    for network in (generator, discriminator):
        assert not any(bias.any() for name, bias in network.named_parameters() if name.endswith("bias"))


def first_weights(network):
    """The standard deviation of each weight matrix, and whether any bias is not zero."""
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d | nn.Linear)]
    biased = any(layer.bias.any() for layer in layers if layer.bias is not None)
    return [float(layer.weight.detach().std()) for layer in layers], biased


@pytest.mark.parametrize(
    "experiment",
    [
        "tutorial/pytorch_dcgan_celeba", "tutorial/paddle_dcgan_mnist",
        "tutorial/dcgan_faces32", "paper/pix2pix_facades", "paper/cyclegan_horse2zebra",
    ],
)  # fmt: skip
def test_experiments_whose_sources_draw_from_n_0_002_start_there_with_zero_biases(experiment, composed):
    size = ["data.image_size=64"] if experiment.startswith("paper/") else []
    width = ["model.generator.width=32", "model.discriminator.width=32"]
    model = instantiate(composed(f"experiment={experiment}", *size, *width).model)
    for player in (model.generator, model.discriminator):
        stds, biased = first_weights(player)
        assert all(std == pytest.approx(0.02, rel=0.15) for std in stds)
        assert not biased


@pytest.mark.parametrize(
    "experiment",
    ["tutorial/jittor_lsgan_mnist", "tutorial/mlp_gan_mnist", "tutorial/anime_dcgan", "tutorial/cyclegan_horse2zebra"],
)
def test_experiments_whose_sources_set_no_weights_start_from_the_frameworks(experiment, composed):
    """Jittor's, like torch's, are uniform with a bound of 1 / sqrt(fan in) for weights and biases."""
    model = instantiate(
        composed(f"experiment={experiment}", "model.generator.width=8", "model.discriminator.width=8").model
    )
    for player in (model.generator, model.discriminator):
        for layer in player.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
                bound = layer.weight[0].numel() ** -0.5
                for drawn in filter(lambda each: each is not None, (layer.weight, layer.bias)):
                    assert drawn.abs().max() <= bound * 1.0001
                assert layer.weight.detach().std() == pytest.approx(bound / 3**0.5, rel=0.15)


def test_torchs_own_initialisation_is_left_alone():
    layer = nn.Linear(3, 3)
    before = layer.weight.clone()
    torch_default(layer)
    assert torch.equal(layer.weight, before)
