"""The configured networks: what they are given and answer, and the groups norm and init for those that translate."""

import pytest
import torch
from hydra.utils import instantiate
from torch import nn

from gan_lightning.config import schema
from gan_lightning.networks.projection import Projection
from gan_lightning.types import DiscriminatorOutput
from support.cells import cells, crossed
from support.configuration import NOISE_NETWORKS, TRANSLATION_NETWORKS, options
from support.networks import convolutions, count

NARROW = ["data.channels=3", "model.generator.width=2", "model.discriminator.width=2"]
SIZE = {"unet_multiscale": 96}
NORMS = {"batch": nn.BatchNorm2d, "instance": nn.InstanceNorm2d, "group": nn.GroupNorm, "none": None}


@pytest.fixture(autouse=True)
def stream():
    torch.manual_seed(0)


def players(config):
    schema.check(config.model)
    return instantiate(config.model.generator), instantiate(config.model.discriminator)


def narrow(network):
    return [f"network={network}", f"data.image_size={SIZE.get(network, 32)}", *NARROW]


def outputs(answer):
    """All logits and features of a discriminator's answer, whatever its kind."""
    return [*answer.logits, *answer.features] if isinstance(answer, DiscriminatorOutput) else [answer]


def test_networks_that_translate_are_told_by_what_their_generators_are_fed():
    assert {"cyclegan", "cyclegan_strided", "unet", "unet_multiscale"} <= set(TRANSLATION_NETWORKS)
    assert {"mlp", "dcgan", "cgan", "acgan"} <= set(NOISE_NETWORKS)


@pytest.mark.parametrize("network", options("network"))
def test_every_network_takes_the_inputs_and_answers_the_outputs_that_it_names(network, composed):
    generator, discriminator = players(composed(*narrow(network), "model.latent_dim=4"))
    side = SIZE.get(network, 32)
    given = {
        "latents": torch.randn(2, 4),
        "labels": torch.tensor([0, 2]),
        "images": torch.randn(2, 3, side, side),
    }
    assert generator.inputs[0] == ("latents" if network in NOISE_NETWORKS else "images")
    assert generator(*(given[name] for name in generator.inputs)).shape == given["images"].shape
    answer = discriminator(*(given[name] for name in discriminator.inputs))
    if isinstance(answer, DiscriminatorOutput):
        told = {"logits": answer.logits, "features": answer.features, "class_logits": answer.class_logits is not None}
        assert discriminator.outputs == tuple(name for name, value in told.items() if value)
    else:
        assert not hasattr(discriminator, "outputs")
    if discriminator.inputs == ("images",):
        assert discriminator.judges_each_image_alone is True


@pytest.mark.parametrize("network", cells(options("network"), quick=["acgan", "dcgan", "sngan", "unet_multiscale"]))
def test_every_discriminators_logits_are_what_its_last_layer_answers_and_no_probabilities(network, composed):
    _, discriminator = players(composed(*narrow(network)))
    answered = []
    for layer in discriminator.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear | Projection):
            layer.register_forward_hook(lambda layer, given, out: answered.append(out))
    side = SIZE.get(network, 32)
    given = {"images": torch.randn(2, 3, side, side), "labels": torch.tensor([0, 2])}
    answer = discriminator(*(given[name] for name in discriminator.inputs))
    if not isinstance(answer, DiscriminatorOutput):
        answer = DiscriminatorOutput((answer,))
    for logits in (*answer.logits, *([] if answer.class_logits is None else [answer.class_logits])):
        assert any(torch.equal(logits.flatten(), out.flatten()) for out in answered)


@pytest.mark.parametrize(
    ("network", "size", "parameters"),
    [
        ("cyclegan", 256, (11_378_179, 2_764_737)),
        ("cyclegan_strided", 128, (8_402_176, 2_765_568)),
        ("unet", 256, (54_413_955, 2_768_705)),
        ("unet_multiscale", 256, (54_413_955, 3 * (2_764_737 + 3 * 64 * 16))),
    ],
)
def test_configured_networks_are_those_of_their_sources(network, size, parameters, composed):
    source = ["model.discriminator.source_channels=3"] if network.startswith("unet") else []
    with torch.device("meta"):
        built = players(composed(f"network={network}", "data.channels=3", f"data.image_size={size}", *source))
    assert tuple(map(count, built)) == parameters


@pytest.mark.parametrize(("spectral", "network"), crossed(["true", "false"], TRANSLATION_NETWORKS))
def test_every_translating_network_translates_and_judges(network, spectral, composed):
    generator, discriminator = players(composed(*narrow(network), f"model.discriminator.spectral_norm={spectral}"))
    side = SIZE.get(network, 32)
    answer = discriminator(generator(torch.randn(2, 3, side, side)))
    logits = answer.logits if isinstance(answer, DiscriminatorOutput) else (answer,)
    assert len(logits) == (3 if network == "unet_multiscale" else 1)
    assert all(one.shape[:2] == (2, 1) for one in logits)
    assert all(torch.isfinite(one).all() for one in outputs(answer))
    sum(one.sum() for one in logits).backward()
    assert all(parameter.grad is not None for parameter in generator.parameters())


@pytest.mark.parametrize(("network", "norm"), crossed(TRANSLATION_NETWORKS, options("norm")))
def test_every_norm_replaces_the_discriminators_own_and_decides_on_biases(network, norm, composed):
    _, discriminator = players(composed(*narrow(network), f"norm={norm}"))
    patchgans = discriminator.scales if network == "unet_multiscale" else [discriminator]
    everywhere, ends = [True] * 5, [True, False, False, False, True]
    for patchgan in patchgans:
        found = {type(layer) for layer in patchgan.modules()} & set(filter(None, NORMS.values()))
        assert found == ({NORMS[norm]} if NORMS[norm] else set())
        biased = [layer.bias is not None for layer in convolutions(patchgan)]
        assert biased == ([False] * 5 if network == "cyclegan_strided" else everywhere if norm == "none" else ends)
    side = SIZE.get(network, 32)
    assert all(torch.isfinite(one).all() for one in outputs(discriminator(torch.randn(2, 3, side, side))))


@pytest.mark.parametrize(("network", "init"), crossed(TRANSLATION_NETWORKS, options("init")))
def test_every_initialisation_replaces_both_players_own(network, init, composed):
    config = composed(*narrow(network), f"init={init}")
    targets = {config.model[player].init._target_.rsplit(".", 1)[1] for player in ("generator", "discriminator")}
    assert targets == {{"default": "torch_default"}.get(init, init)}
    players(config)
