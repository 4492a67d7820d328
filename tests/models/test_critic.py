"""What a discriminator says is kept where it is said, whatever a loss asks about at once, and for every head."""

import pytest
import torch

from gan_lightning.losses.adversarial import LeastSquares, NonSaturating, Relativistic
from gan_lightning.losses.gradient_penalties import R1
from gan_lightning.models.critic import RecordingCritic, find_rows, joined, mean_logits
from gan_lightning.types import DiscriminatorOutput

REAL, FAKE = torch.rand(4, 1, 3, 3), torch.rand(4, 1, 3, 3) - 1


def mean(images):
    return images.mean((1, 2, 3))


def recording():
    return RecordingCritic(mean, real=REAL, fake=FAKE)


ORDERS = {
    "each alone": lambda critic: (critic(REAL), critic(FAKE)),
    "real first": lambda critic: critic(torch.cat([REAL, FAKE])),
    "fake first": lambda critic: critic(torch.cat([FAKE, REAL])),
    "shuffled": lambda critic: critic(torch.cat([FAKE, REAL])[[5, 0, 7, 2, 1, 6, 3, 4]]),
    "among others": lambda critic: critic(torch.cat([REAL * 0.5, FAKE, REAL])),
    "copied": lambda critic: (critic(REAL.clone()), critic(FAKE.clone())),
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_what_is_said_of_real_and_fake_is_found_in_every_pass(order, dtype):
    real, fake = REAL.to(dtype), FAKE.to(dtype)
    critic = RecordingCritic(mean, real=real, fake=fake)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(globals(), "REAL", real)
        patch.setitem(globals(), "FAKE", fake)
        ORDERS[order](critic)
    for name, images in (("real", real), ("fake", fake)):
        (logits,) = critic.outputs[name].logits
        assert torch.equal(logits, mean(images).to(logits))


def test_nothing_is_said_of_images_that_no_loss_asked_about():
    critic = recording()
    critic(FAKE)
    critic(REAL * 0.5)
    assert list(critic.outputs) == ["fake"]
    assert find_rows(REAL, torch.cat([REAL[:3], FAKE])) is None, "one of the images is missing"


def test_fakes_in_half_precision_are_found_where_joining_made_them_wider():
    fake = FAKE.bfloat16()
    critic = RecordingCritic(mean, real=REAL, fake=fake)
    critic(torch.cat([fake, REAL]))
    assert torch.equal(critic.outputs["fake"].logits[0], mean(fake.float()))
    assert torch.equal(critic.outputs["real"].logits[0], mean(REAL))


def test_an_output_that_no_loss_asked_for_costs_one_pass_and_one_that_was_asked_for_none():
    passes = []
    critic = RecordingCritic(lambda images: passes.append(1) or mean(images), real=REAL, fake=FAKE)
    critic(FAKE)
    assert torch.equal(critic.output_of("fake").logits[0], mean(FAKE))
    assert len(passes) == 1
    assert torch.equal(critic.output_of("real").logits[0], mean(REAL))
    assert len(passes) == 2


def test_an_objective_may_ignore_the_critic():
    assert recording().terms(lambda critic: {"moments": REAL.mean()}) == {"moments": REAL.mean()}


def test_two_terms_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two terms of a loss have the name real"):
        joined({"real": REAL.mean()}, {"real": FAKE.mean(), "r1": FAKE.mean()})


def two_heads(images):
    """A fine head that says the mean twice, and a coarse one that says its square."""
    logits = mean(images)[:, None]
    return DiscriminatorOutput((logits.expand(-1, 2), logits.square()), features=(images, images[:, :, :2, :2]))


@pytest.mark.parametrize("loss", [LeastSquares(), NonSaturating(), Relativistic()])
def test_an_objective_of_two_heads_is_the_sum_of_its_objectives_on_each_from_the_same_passes(loss):
    passes = []

    def counted(images):
        passes.append(len(images))
        return two_heads(images)

    for player in ("discriminator", "generator"):
        passes.clear()
        asked = RecordingCritic(counted, real=REAL, fake=FAKE)
        terms = asked.terms(lambda critic, player=player: getattr(loss, player)(critic, REAL, FAKE))
        once = len(passes)
        apart = [
            getattr(loss, player)(lambda images, head=head: two_heads(images).logits[head], REAL, FAKE)
            for head in (0, 1)
        ]
        assert terms == {name: pytest.approx(float(apart[0][name] + apart[1][name])) for name in apart[0]}
        assert once <= 2, "D is asked once about each batch, not once for each head"


def test_features_and_every_head_come_from_the_pass_that_the_loss_made():
    asked = RecordingCritic(two_heads, real=REAL, fake=FAKE)
    asked.terms(
        lambda critic: LeastSquares().discriminator(lambda images: critic(torch.cat([FAKE, REAL]))[4:], REAL, FAKE)
    )
    assert torch.equal(asked.outputs["real"].features[0], REAL)
    assert torch.equal(asked.outputs["fake"].features[1], FAKE[:, :, :2, :2])
    assert torch.equal(asked.outputs["real"].logits[1], mean(REAL)[:, None].square())


def test_a_penalty_sees_the_mean_over_heads_of_each_heads_mean():
    def first(images):
        return mean(images)[:, None]

    def both(images):
        return DiscriminatorOutput((first(images).expand(-1, 2), 3 * first(images)))

    alone, together = (R1(weight=2.0)(mean_logits(critic), REAL, FAKE) for critic in (first, both))
    assert float(together) == pytest.approx(4 * float(alone), rel=1e-5), "a mean of slopes 1 and 3 is a slope of 2"
