"""AC-GAN: its terms by closed form, its passes of D by a hook, and whether its digits are the digits asked for."""

import math

import pytest
import torch
from hydra.utils import instantiate
from lightning import seed_everything
from torch.nn import functional as F
from torch.utils.data import DataLoader

from gan_lightning.types import Labelled
from support.judging import judge_digits
from support.playing import play

SMALL = ["model=acgan", "data.image_size=16", "model.generator.width=2", "model.discriminator.width=2"]
LABELS = torch.tensor([3, 1, 4, 1])


def batch():
    return DataLoader([Labelled(torch.rand(4, 1, 16, 16) * 2 - 1, LABELS)], batch_size=None)


@pytest.mark.parametrize("reuse", ["true", "false"])
def test_d_is_passed_at_most_three_times_where_both_players_move(reuse, composed):
    model, passes = instantiate(composed(*SMALL, f"model.reuse_fake={reuse}").model), []
    model.discriminator.register_forward_hook(lambda *_: passes.append(1))
    trainer = play(model, batch(), max_steps=1)
    logged = trainer.callback_metrics
    assert {"discriminator/class_real", "discriminator/class_fake", "generator/class"} <= logged.keys()
    assert {"discriminator/real", "discriminator/fake", "generator/adversarial"} <= logged.keys()
    assert len(passes) == 3


def test_the_class_terms_are_cross_entropies_of_the_batchs_labels(composed):
    model, said = instantiate(composed(*SMALL, "model.class_weight=3").model), []
    model.discriminator.register_forward_hook(lambda *passed: said.append(passed[-1].class_logits.detach()))
    logged = play(model, batch(), max_steps=1).callback_metrics
    for logits, name in zip(
        said, ("discriminator/class_real", "discriminator/class_fake", "generator/class"), strict=True
    ):
        assert logged[name] == pytest.approx(3 * float(F.cross_entropy(logits, LABELS)), rel=1e-5)
    assert said[0].shape == (4, 10)


def test_an_undecided_d_pays_log_ten_for_each_class_term_and_log_two_for_each_source(composed):
    model = instantiate(composed(*SMALL).model)
    for weight in model.discriminator.parameters():
        torch.nn.init.zeros_(weight)
    logged = play(model, batch(), max_steps=1).callback_metrics
    assert logged["discriminator/loss"] == pytest.approx(2 * math.log(2) + 2 * math.log(10), rel=1e-4)


@pytest.mark.parametrize("loss", ["relativistic", "hinge", "least_squares", "wasserstein"])
def test_every_kind_of_objective_plays_with_the_class_head(loss, composed):
    logged = play(instantiate(composed(*SMALL, f"loss={loss}").model), batch(), max_steps=2).callback_metrics
    assert all(math.isfinite(value) for value in logged.values())


def test_networks_without_a_class_head_are_refused_with_what_suits(composed):
    with pytest.raises(Exception, match=r"which DCGANDiscriminator does not have; choose network=acgan, or model=cgan"):
        instantiate(
            composed(
                *SMALL, "network=cgan", "model.discriminator._target_=" + DCGAN, "~model.discriminator.num_classes"
            ).model
        )
    with pytest.raises(
        Exception, match="ACGAN gives its generator latents and labels, and DCGANGenerator takes latents"
    ):
        instantiate(composed(*SMALL, "network=dcgan").model)


DCGAN = "gan_lightning.networks.dcgan.DCGANDiscriminator"


THREE_PASSES = [
    "loss=non_saturating", "penalty=[]", "model.discriminator.spectral_norm=true", "augment=diffaugment",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("changes", "passes", "spread"), [([], 5, 0.5), (THREE_PASSES, 3, 0.0)])
def test_generated_digits_are_the_digits_asked_for(changes, passes, spread, composed, record_property):
    """With cross-entropy and no gradient penalty too, though then the images of a class are nearly equal.

    Without norm, D sees real and generated images of its own step in one pass, which makes five.
    """
    config = composed("experiment=acgan_digits", *changes)
    seed_everything(config.seed, verbose=False)
    model, data, counted = instantiate(config.model), instantiate(config.data), []
    model.discriminator.register_forward_hook(lambda *_: counted.append(1))
    play(model, data, max_steps=config.trainer.max_steps, log_every_n_steps=1000)
    right, held_out, found = judge_digits(model, data)
    record_property(
        "acgan_digits", f"{right:.1%} of 1,000 named right ({held_out:.1%} of real ones), spread {found:.2f}"
    )
    assert len(counted) == passes * config.trainer.max_steps
    assert held_out >= 0.97
    assert right >= 0.95
    assert found >= spread
