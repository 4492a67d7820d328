"""Real and fake images share one pass of D where D judges each image alone, and nowhere else."""

import pytest
import torch
from hydra.utils import instantiate
from torch import nn

from gan_lightning.losses.adversarial import Relativistic
from gan_lightning.losses.augment import DiffAugment, augmented
from gan_lightning.models.critic import RecordingCritic, as_output, judges_each_image_alone
from gan_lightning.networks.dcgan import DCGANDiscriminator
from gan_lightning.networks.mlp import MLPDiscriminator
from support.cells import cells

ALONE = {
    "dcgan": ["norm=none"],
    "lsgan": ["norm=none"],
    "r3gan": [],
    "resnet": ["model.discriminator.spectral_norm=false"],
    "cyclegan": ["norm=instance"],
    "unet_multiscale": ["norm=group"],
}


@pytest.mark.parametrize("network", cells(ALONE, quick=["dcgan", "resnet", "unet_multiscale"]))
def test_a_shared_pass_answers_what_two_passes_answer(network, composed):
    side = 96 if network == "unet_multiscale" else 32
    narrow = ["model=gan", f"data.image_size={side}", "model.generator.width=2", "model.discriminator.width=2"]
    discriminator = instantiate(composed(*narrow, f"network={network}", *ALONE[network]).model.discriminator).double()
    assert judges_each_image_alone(discriminator)
    images = {"real": torch.rand(2, 1, side, side).double(), "fake": torch.rand(2, 1, side, side).double()}
    passes = []
    discriminator.register_forward_hook(lambda *_: passes.append(1))
    critic = RecordingCritic(discriminator, at_once=True, **images)
    critic.output_of("fake")
    critic.output_of("real")
    assert len(passes) == 1
    for name, own in images.items():
        alone, shared = as_output(discriminator(own)), critic.outputs[name]
        pairs = zip([*alone.logits, *alone.features], [*shared.logits, *shared.features], strict=True)
        for one, other in pairs:
            torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


def no_claim():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 1))


APART = {
    "batch norm": lambda: DCGANDiscriminator(1, 16, width=2),
    "spectral norm": lambda: DCGANDiscriminator(1, 16, width=2, norm=None, spectral_norm=True),
    "dropout": lambda: MLPDiscriminator(1, 8, width=2, dropout=0.3),
    "a class that does not say so": no_claim,
    "an augmentation": lambda: augmented(DiffAugment(), MLPDiscriminator(1, 8, width=2, dropout=0.0)),
}


@pytest.mark.parametrize("case", APART)
def test_passes_stay_apart_where_images_or_passes_depend_on_one_another(case):
    assert not judges_each_image_alone(APART[case]())


def test_dropout_of_probability_zero_draws_nothing():
    assert judges_each_image_alone(MLPDiscriminator(1, 8, width=2, dropout=0.0))


def test_a_loss_gets_the_same_terms_and_gradients_from_a_shared_pass():
    torch.manual_seed(0)
    discriminator = MLPDiscriminator(1, 8, width=4, dropout=0.0).double()
    real, fake = torch.rand(2, 4, 1, 8, 8).double()
    found = []
    for at_once in (False, True):
        discriminator.zero_grad()
        critic = RecordingCritic(discriminator, at_once=at_once, real=real, fake=fake)
        terms = critic.terms(lambda critic: Relativistic().discriminator(critic, real, fake))
        sum(terms.values()).backward()
        found.append([*terms.values(), *(each.grad.clone() for each in discriminator.parameters())])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)
