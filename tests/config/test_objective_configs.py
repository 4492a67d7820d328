"""The groups loss, penalty, augment, norm, init and network: each option composes, is checked and is built."""

from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from torch import nn

from gan_lightning.config import resolvers, schema
from gan_lightning.losses.adversarial import AdversarialLoss
from gan_lightning.losses.penalty import Penalty
from gan_lightning.models.critic import as_output
from support.cells import cells, crossed
from support.configuration import NOISE_NETWORKS

CONF = Path(__file__).resolve().parents[2] / "conf"
NARROW = ["model.generator.width=2", "model.discriminator.width=2"]
NORMS = {"batch": nn.BatchNorm2d, "instance": nn.InstanceNorm2d, "group": nn.GroupNorm, "none": None}
CONVOLUTIONAL = ["dcgan", "lsgan", "sngan", "cgan", "acgan", "conditional_sngan"]
resolvers.register()


def options(group):
    return sorted(file.stem for file in (CONF / group).glob("*.yaml"))


def composed(*overrides):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", overrides=["run_dir=unused", "model=gan", *overrides]).model


def model(*overrides):
    config = composed(*overrides)
    schema.check(config)
    return config


@pytest.mark.parametrize("name", options("loss"))
def test_every_loss_composes(name):
    assert isinstance(instantiate(model(f"loss={name}").loss), AdversarialLoss)


def test_penalties_compose_alone_together_and_not_at_all():
    every = [name for name in options("penalty") if name != "r3gan"]
    assert list(instantiate(model("penalty=[r3gan]").penalties)) == ["r1", "r2"]
    for chosen in ([], *([name] for name in every), ["r1", "r2"], every):
        penalties = instantiate(model(f"penalty=[{','.join(chosen)}]").penalties)
        assert list(penalties) == chosen
        assert all(isinstance(penalty, Penalty) for penalty in penalties.values())


@pytest.mark.parametrize("name", options("augment"))
def test_every_augmentation_composes(name):
    config = model(f"augment={name}").augment
    if name == "none":
        assert config is None
        return
    critic = instantiate(config)(lambda images: images.mean((1, 2, 3)))
    assert critic(torch.zeros(2, 1, 8, 8)).shape == (2,)


@pytest.mark.parametrize(
    ("name", "spectral"),
    cells(
        [(name, spectral) for name in NOISE_NETWORKS for spectral in ("true", "false")],
        quick=[(name, "true") for name in NOISE_NETWORKS],
    ),
)
def test_every_network_fed_noise_composes_with_and_without_spectral_norm(name, spectral):
    config = model(f"network={name}", *NARROW, f"model.discriminator.spectral_norm={spectral}")
    generator, discriminator = instantiate(config.generator), instantiate(config.discriminator)
    given = {"latents": torch.randn(2, config.latent_dim), "labels": torch.tensor([0, 1])}
    given["images"] = generator(*(given[name] for name in generator.inputs))
    (logits,) = as_output(discriminator(*(given[name] for name in discriminator.inputs))).logits
    assert logits.shape == (2, 1)
    assert torch.isfinite(logits).all()


@pytest.mark.parametrize(("network", "name"), crossed(CONVOLUTIONAL, options("norm")))
def test_every_norm_replaces_the_discriminators_own(network, name):
    discriminator = instantiate(model(f"network={network}", f"norm={name}", *NARROW).discriminator)
    found = {type(layer) for layer in discriminator.modules()} & set(filter(None, NORMS.values()))
    assert found == ({NORMS[name]} if NORMS[name] else set())


@pytest.mark.parametrize(("network", "name"), crossed(CONVOLUTIONAL, options("init")))
def test_every_initialisation_replaces_both_players_own(network, name):
    config = model(f"network={network}", f"init={name}", *NARROW)
    targets = {config[player].init._target_.rsplit(".", 1)[1] for player in ("generator", "discriminator")}
    assert targets == {{"default": "torch_default"}.get(name, name)}
    instantiate(config.generator), instantiate(config.discriminator)


@pytest.mark.parametrize(("network", "key"), [("mlp", "norm=group"), ("r3gan", "norm=batch"), ("r3gan", "init=dcgan")])
def test_a_network_without_such_a_choice_says_so(network, key):
    with pytest.raises(ValueError, match=rf"{key.split('=')[0]} is no key of"):
        model(f"network={network}", key)
