"""Normalisation: spectral norm of weights, and the norms of feature maps."""

import copy

import pytest
import torch
from torch import nn

from gan_lightning.networks.conditional_dcgan import ACGANDiscriminator, ProjectionDCGANDiscriminator
from gan_lightning.networks.dcgan import DCGANDiscriminator
from gan_lightning.networks.initialisation import orthogonal
from gan_lightning.networks.lsgan import LSGANDiscriminator
from gan_lightning.networks.mlp import MLPDiscriminator
from gan_lightning.networks.normalisation import group_norm
from gan_lightning.networks.patchgan import MultiScalePatchGAN, PatchGANDiscriminator
from gan_lightning.networks.r3gan import R3GANDiscriminator
from gan_lightning.networks.sngan import SNGANDiscriminator
from support.networks import count

DISCRIMINATORS = {
    "dcgan": lambda **more: DCGANDiscriminator(1, 16, width=4, norm=None, **more),
    "dcgan with a linear head": lambda **more: DCGANDiscriminator(1, 16, width=4, linear_head=True, **more),
    "lsgan": lambda **more: LSGANDiscriminator(1, 16, width=4, norm=None, **more),
    "mlp": lambda **more: MLPDiscriminator(1, 16, width=8, **more),
    "sngan": lambda **more: SNGANDiscriminator(1, 32, width=4, **more),
    "r3gan": lambda **more: R3GANDiscriminator(1, 16, width=4, **more),
    "cgan": lambda **more: ProjectionDCGANDiscriminator(1, 16, 3, width=4, norm=None, **more),
    "conditional sngan": lambda **more: SNGANDiscriminator(1, 32, width=4, num_classes=3, **more),
    "acgan": lambda **more: ACGANDiscriminator(1, 16, 3, width=4, norm=None, **more),
    "patchgan": lambda **more: PatchGANDiscriminator(1, 32, width=4, **more),
    "multi-scale patchgan": lambda **more: MultiScalePatchGAN(1, 48, num_scales=2, width=4, **more),
}
SIZE = {"sngan": 32, "conditional sngan": 32, "patchgan": 32, "multi-scale patchgan": 48}
LABELLED = {"cgan", "conditional sngan"}


@pytest.fixture(autouse=True)
def stream():
    torch.manual_seed(0)


def matrices(network):
    """The effective weights of all layers that have one, as matrices with the output first."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear | nn.Embedding):
            yield module, module.weight.detach().flatten(1)


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_after_fifty_power_iterations_every_spectrally_normalised_layer_has_a_largest_singular_value_of_one(name):
    critic = DISCRIMINATORS[name](spectral_norm=True)
    labels = [torch.tensor([0, 2])] if name in LABELLED else []
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


def test_spectral_norm_comes_after_initialisation():
    critic = DCGANDiscriminator(1, 16, width=8, norm=None, init=orthogonal, spectral_norm=True)
    weight = critic.net[2].parametrizations.weight.original.flatten(1)
    assert torch.allclose(weight @ weight.T, torch.eye(len(weight)), atol=1e-4)


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


def test_normalisation_can_be_left_out():
    discriminator = DCGANDiscriminator(channels=1, image_size=32, width=2, norm=None)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in discriminator.modules())
    assert any(isinstance(layer, nn.BatchNorm2d) for layer in DCGANDiscriminator(1, 32, 2).modules())
