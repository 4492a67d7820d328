"""The first two objectives in closed form."""

import math

import pytest
import torch

from gan_lightning.losses.adversarial import LeastSquares, NonSaturating


def constant(value):
    return lambda images: torch.full((len(images), 1), float(value))


REAL, FAKE = torch.ones(4, 1, 2, 2), -torch.ones(4, 1, 2, 2)


def told_apart(real, fake):
    """A critic that answers `real` on REAL and `fake` on anything else."""
    return lambda images: torch.full((len(images), 1), float(real if images is REAL else fake))


def test_cross_entropy_of_an_undecided_discriminator_is_two_log_two():
    terms = NonSaturating().discriminator(constant(0), REAL, FAKE)
    assert float(sum(terms.values())) == pytest.approx(2 * math.log(2))
    assert float(NonSaturating().generator(constant(0), REAL, FAKE)["adversarial"]) == pytest.approx(math.log(2))


def test_smoothing_moves_the_target_of_reals_alone():
    logit = math.log(0.9 / 0.1)
    entropy = -(0.9 * math.log(0.9) + 0.1 * math.log(0.1))
    smooth = NonSaturating(real_target=0.9)
    assert float(smooth.discriminator(told_apart(logit, -50), REAL, FAKE)["real"]) == pytest.approx(entropy, rel=1e-5)
    assert float(smooth.discriminator(told_apart(logit, -50), REAL, FAKE)["fake"]) == pytest.approx(0, abs=1e-6)
    assert float(smooth.generator(constant(50), REAL, FAKE)["adversarial"]) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("target", [0.0, -1.0, 1.5])
def test_an_impossible_target_is_refused(target):
    with pytest.raises(ValueError, match="real_target"):
        NonSaturating(real_target=target)


@pytest.mark.parametrize(("factor", "at_zero"), [(1.0, 1.0), (0.5, 0.5)])
def test_least_squares_at_zero_and_at_the_right_answer(factor, at_zero):
    loss = LeastSquares(factor=factor)
    assert float(sum(loss.discriminator(constant(0), REAL, FAKE).values())) == pytest.approx(at_zero)
    assert float(sum(loss.discriminator(told_apart(1, 0), REAL, FAKE).values())) == 0
    assert float(loss.generator(constant(1), REAL, FAKE)["adversarial"]) == 0
    assert float(loss.generator(constant(-1), REAL, FAKE)["adversarial"]) == pytest.approx(4 * factor)


def test_pearsons_scheme_uses_all_three_targets():
    loss = LeastSquares(a=-1, b=1, c=0)
    assert float(sum(loss.discriminator(told_apart(1, -1), REAL, FAKE).values())) == 0
    assert float(loss.generator(constant(0), REAL, FAKE)["adversarial"]) == 0
    assert float(loss.generator(constant(2), REAL, FAKE)["adversarial"]) == pytest.approx(2)


@pytest.mark.parametrize("loss", [NonSaturating(), LeastSquares()])
def test_the_players_pull_a_fakes_output_apart(loss):
    def slope(terms_of):
        fake = torch.zeros(4, 1, 2, 2, requires_grad=True)
        sum(terms_of(lambda images: images.mean((1, 2, 3)), REAL, fake).values()).backward()
        return fake.grad

    assert (slope(loss.generator) < 0).all(), "the generator raises it"
    assert (slope(loss.discriminator) >= 0).all()
    assert (slope(NonSaturating().discriminator) > 0).all(), "the discriminator lowers it"


def test_a_large_logit_does_not_saturate():
    assert float(NonSaturating().generator(constant(-150), REAL, FAKE)["adversarial"]) == pytest.approx(150)
