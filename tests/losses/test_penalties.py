"""Gradient penalties in closed form, under autocast, and against batch norm."""

import pytest
import torch
from torch import nn

from gan_lightning import randomness
from gan_lightning.losses.gradient_penalties import DRAGAN, R1, R2, GradientPenalty, input_gradients
from gan_lightning.networks.dcgan import DCGANDiscriminator
from gan_lightning.networks.normalisation import group_norm

torch.manual_seed(0)
REAL, FAKE = torch.rand(6, 3, 4, 4) * 2 - 1, torch.rand(6, 3, 4, 4) * 2 - 1
WEIGHTS = torch.randn(3, 4, 4)
CPU = torch.device("cpu")
UNIT = WEIGHTS / WEIGHTS.norm()
PENALTIES = [GradientPenalty(), DRAGAN(), R1(), R2()]
every_penalty = pytest.mark.parametrize("penalty", PENALTIES, ids=lambda penalty: type(penalty).__name__)


@pytest.fixture(autouse=True)
def stream():
    with randomness.step(0, 0, CPU):
        yield


def linear(weights):
    return lambda images: (images * weights).sum((1, 2, 3))


def paid(penalty, critic, real=REAL, fake=FAKE):
    return float(penalty(critic, real, fake).detach())


@pytest.mark.parametrize("penalty", [GradientPenalty(weight=10.0), DRAGAN(weight=10.0)])
def test_gradient_penalty_is_zero_for_a_unit_gradient_critic_and_the_weight_for_a_slope_of_two(penalty):
    assert paid(penalty, linear(UNIT)) == pytest.approx(0, abs=1e-9)
    assert paid(penalty, linear(2 * UNIT)) == pytest.approx(10, rel=1e-5)
    assert paid(penalty, linear(0 * UNIT)) == pytest.approx(10)


@pytest.mark.parametrize("penalty", [R1(weight=3.0), R2(weight=3.0)])
def test_r1_and_r2_of_a_linear_critic_are_half_the_weight_times_its_square(penalty):
    assert paid(penalty, linear(WEIGHTS)) == pytest.approx(1.5 * float(WEIGHTS.square().sum()), rel=1e-5)


def test_r1_looks_at_reals_and_r2_at_fakes():
    def bowl(images):
        return images.square().sum((1, 2, 3)) / 2

    assert paid(R1(2.0), bowl) == pytest.approx(float(REAL.square().sum() / len(REAL)), rel=1e-5)
    assert paid(R2(2.0), bowl) == pytest.approx(float(FAKE.square().sum() / len(FAKE)), rel=1e-5)


def test_wgan_gp_looks_between_its_two_batches_and_dragan_around_the_reals():
    seen = []

    def critic(images):
        seen.append(images.detach())
        return images.sum((1, 2, 3))

    GradientPenalty()(critic, torch.zeros_like(REAL), torch.ones_like(FAKE))
    between = seen.pop()
    assert between.min() >= 0
    assert between.max() < 1
    assert torch.equal(between, between[:, :1, :1, :1].expand_as(between)), "one place for an image"
    assert len(between[:, 0, 0, 0].unique()) == len(between), "another for each"
    DRAGAN(noise=0.5)(critic, torch.zeros(64, 3, 8, 8), torch.full((64, 3, 8, 8), 9.0))
    assert seen[0].mean() == pytest.approx(0, abs=0.02)
    assert seen[0].std() == pytest.approx(0.5, rel=0.02)


@every_penalty
def test_the_weight_multiplies_the_penalty(penalty):
    paid_of = [paid(type(penalty)(weight=weight), linear(WEIGHTS)) for weight in (10.0, 2.5)]
    assert paid_of[1] == pytest.approx(paid_of[0] / 4, rel=1e-5)


@every_penalty
def test_a_penalty_moves_the_discriminator_and_leaves_its_images_alone(penalty):
    critic = DCGANDiscriminator(channels=3, image_size=8, width=2, norm=None)
    real, fake = torch.randn(4, 3, 8, 8), torch.randn(4, 3, 8, 8, requires_grad=True)
    penalty(critic, real, fake).backward()
    assert fake.grad is None
    moved = {name for name, parameter in critic.named_parameters() if parameter.grad is not None}
    assert moved == {name for name, _ in critic.named_parameters()}


@every_penalty
def test_a_patch_discriminator_pays_as_much_as_one_with_a_single_equal_logit(penalty):
    def patches(images):
        return linear(WEIGHTS)(images)[:, None, None, None].expand(-1, 1, 5, 5)

    with randomness.step(0, 0, CPU):
        alone = paid(penalty, linear(WEIGHTS))
    assert paid(penalty, patches) == pytest.approx(alone, rel=1e-5)


@every_penalty
def test_under_autocast_a_penalty_is_what_it_is_in_full_precision(penalty):
    critic = DCGANDiscriminator(channels=3, image_size=8, width=4, norm=None)
    values = []
    for autocast in (False, True):
        real, fake = torch.ones(4, 3, 8, 8), torch.zeros(4, 3, 8, 8)
        with randomness.step(0, 0, CPU), torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            values.append(paid(penalty, critic, real, fake.bfloat16() if autocast else fake))
    assert values[1] == pytest.approx(values[0], rel=1e-6)
    assert values[0] > 0


def test_float64_stays_float64():
    assert input_gradients(linear(WEIGHTS.double()), REAL.double()).dtype == torch.float64
    assert input_gradients(linear(WEIGHTS), REAL.bfloat16()).dtype == torch.float32


@every_penalty
def test_a_penalty_can_be_taken_where_gradients_are_off(penalty):
    with torch.no_grad():
        assert torch.isfinite(penalty(linear(WEIGHTS), REAL, FAKE))


@pytest.mark.parametrize("penalty", [GradientPenalty(), DRAGAN()])
def test_the_same_step_draws_the_same_points_and_another_step_others(penalty):
    def at(iteration):
        with randomness.step(0, iteration, CPU):
            return paid(penalty, lambda images: images.pow(3).sum((1, 2, 3)))

    assert at(3) == at(3) != at(4)


@pytest.mark.parametrize("penalty", [GradientPenalty(), DRAGAN()])
def test_two_processes_draw_what_one_would_for_the_whole_batch(penalty, monkeypatch):
    def points(rows):
        seen = []
        with randomness.step(0, 0, CPU):
            penalty(lambda images: (seen.append(images.detach()), images.sum((1, 2, 3)))[1], REAL[rows], FAKE[rows])
        return seen[0]

    whole = points(slice(None))
    for rank, rows in enumerate((slice(0, 3), slice(3, 6))):
        monkeypatch.setattr(randomness, "rank_and_world_size", lambda rank=rank: (rank, 2))
        assert torch.equal(points(rows), whole[rows])


@every_penalty
def test_batch_norm_in_the_discriminator_is_refused_in_one_sentence(penalty):
    reason = penalty.refuses(DCGANDiscriminator(channels=1, image_size=16, width=2))
    assert type(penalty).__name__ in reason
    assert "net.3" in reason
    assert "norm=instance, norm=group or norm=none" in reason
    assert "\n" not in reason


@every_penalty
@pytest.mark.parametrize("norm", [None, nn.InstanceNorm2d, group_norm])
def test_other_norms_are_welcome(penalty, norm):
    critic = DCGANDiscriminator(channels=3, image_size=16, width=2, norm=norm)
    assert penalty.refuses(critic) is None
    real = torch.randn(4, 3, 16, 16)
    together = input_gradients(critic, real)
    alone = torch.cat([input_gradients(critic, image[None]) for image in real])
    assert torch.allclose(together, alone, atol=1e-6), "each image has its own gradient"
