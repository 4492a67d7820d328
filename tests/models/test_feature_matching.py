"""pix2pixHD's multi-scale discriminator and its feature-matching loss, as an option of pix2pix."""

import math

import pytest
import torch
from hydra.utils import instantiate
from torch.nn import functional as F
from torch.utils.data import DataLoader

from gan_lightning.types import Aligned
from support.playing import play

SMALL = [
    "model=pix2pix", "network=unet_multiscale", "data.image_size=48", "model.generator.width=2", "norm=instance",
    "model.discriminator.width=2", "model.discriminator.num_scales=2", "model.generator.dropout=0",
]  # fmt: skip


def pair():
    torch.manual_seed(0)
    return Aligned(*(torch.rand(2, 2, 3, 48, 48) * 2 - 1))


def played(model, batch):
    return play(model, DataLoader([batch], batch_size=None), max_steps=1).callback_metrics


def test_the_term_is_the_weighted_sum_over_scales_and_layers_of_the_mean_absolute_difference(composed):
    model, batch = (
        instantiate(composed(*SMALL, "model.feature_matching_weight=10", "model.first=generator").model),
        pair(),
    )
    with torch.no_grad():
        output = model.generator(batch.x)
        fake, real = (model.discriminator(images, batch.x).features for images in (output, batch.y))
    assert len(fake) == 8, "two scales of four hidden layers"
    expected = 10 * sum(F.l1_loss(one, other) for one, other in zip(fake, real, strict=True))
    logged = played(model, batch)
    assert logged["generator/feature_matching"] == pytest.approx(float(expected), rel=1e-5)
    assert all(math.isfinite(value) for value in logged.values())


def test_the_objective_is_the_sum_over_scales(composed):
    model, batch = instantiate(composed(*SMALL, "loss=squared_error", "model.discriminator_weight=1").model), pair()
    with torch.no_grad():
        real = model.discriminator(batch.y, batch.x).logits
    logged = played(model, batch)
    assert len(real) == 2
    assert logged["discriminator/real"] == pytest.approx(
        float(sum((head - 1).square().mean() for head in real)), rel=1e-5
    )
    assert "generator/feature_matching" not in logged


def test_features_of_real_images_get_no_gradient_and_d_moves_by_its_own_terms_alone(composed):
    with_it, without = (
        instantiate(composed(*SMALL, f"model.feature_matching_weight={weight}").model) for weight in (10, 0)
    )
    without.load_state_dict(with_it.state_dict())
    for model in (with_it, without):
        played(model, pair())
    assert all(
        torch.equal(*each)
        for each in zip(with_it.discriminator.parameters(), without.discriminator.parameters(), strict=True)
    )
    assert not all(
        torch.equal(*each) for each in zip(with_it.generator.parameters(), without.generator.parameters(), strict=True)
    )


def test_a_discriminator_without_features_is_refused(composed):
    with pytest.raises(Exception, match="PatchGANDiscriminator does not; choose network=unet_multiscale, or 0"):
        instantiate(composed("model=pix2pix", "model.feature_matching_weight=10").model)
