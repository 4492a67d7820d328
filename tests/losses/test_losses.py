"""Every objective in closed form, with toy critics."""

import math

import pytest
import torch

from gan_lightning.losses.adversarial import Hinge, LeastSquares, Minimax, NonSaturating, Relativistic, Wasserstein

REAL, FAKE = torch.ones(4, 1, 2, 2), -torch.ones(4, 1, 2, 2)
LOSSES = [Minimax(), NonSaturating(), LeastSquares(), Wasserstein(), Hinge(), Relativistic()]
every_loss = pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)


def answers(real, fake):
    """A critic that gives `real` for REAL and `fake` for anything else."""
    return lambda images: torch.full((len(images), 1), float(real if images is REAL else fake))


def played(loss, real, fake):
    """What D and G pay where D answers `real` and `fake`."""
    critic = answers(real, fake)
    players = loss.discriminator(critic, REAL, FAKE), loss.generator(critic, REAL, FAKE)
    return tuple(float(sum(terms.values())) for terms in players)


@pytest.mark.parametrize("loss", [Minimax(), NonSaturating()])
def test_cross_entropy_at_one_half_is_two_log_two(loss):
    assert played(loss, 0, 0)[0] == pytest.approx(2 * math.log(2))


def test_minimax_saturates_where_the_discriminator_is_sure_and_the_usual_form_does_not():
    assert played(Minimax(), 0, 0)[1] == pytest.approx(-math.log(2))
    assert played(Minimax(), 0, 3)[1] == pytest.approx(math.log(1 - 1 / (1 + math.exp(-3))), rel=1e-5)
    slopes = []
    for loss in (Minimax(), NonSaturating()):
        logits = torch.full((4, 1), -20.0, requires_grad=True)
        loss.generator(lambda images, logits=logits: logits, REAL, FAKE)["adversarial"].backward()
        slopes.append(float(logits.grad.sum()))
    assert slopes == [pytest.approx(-math.exp(-20), rel=1e-3), pytest.approx(-1)]


def test_minimax_smooths_the_targets_of_reals():
    logit = math.log(0.9 / 0.1)
    entropy = -(0.9 * math.log(0.9) + 0.1 * math.log(0.1))
    terms = Minimax(real_target=0.9).discriminator(answers(logit, -50), REAL, FAKE)
    assert float(terms["real"]) == pytest.approx(entropy, rel=1e-5)
    assert float(terms["fake"]) == pytest.approx(0, abs=1e-6)
    with pytest.raises(ValueError, match=r"real_target must be more than 0 and at most 1; got 1.5"):
        Minimax(real_target=1.5)


@pytest.mark.parametrize("factor", [0.5, 1.0])
def test_least_squares_at_zero_and_at_the_right_answer(factor):
    assert played(LeastSquares(factor=factor), 0, 0) == (pytest.approx(factor), pytest.approx(factor))
    assert played(LeastSquares(factor=factor), 1, 0)[0] == 0
    assert played(LeastSquares(factor=factor), 0, 1) == (pytest.approx(2 * factor), 0)
    assert played(LeastSquares(factor=factor), 0, -1)[1] == pytest.approx(4 * factor)


def test_wasserstein_is_the_difference_of_the_means():
    assert played(Wasserstein(), 3, 1.25) == (pytest.approx(-1.75), pytest.approx(-1.25))


def test_hinge_is_two_at_zero_nothing_beyond_the_margin_and_linear_within():
    assert played(Hinge(), 0, 0) == (pytest.approx(2), 0)
    assert played(Hinge(), 1, -1)[0] == 0
    assert played(Hinge(), 7, -9) == (0, pytest.approx(9))
    assert played(Hinge(), 0.75, -0.5)[0] == pytest.approx(0.25 + 0.5)


def test_relativistic_at_equal_logits_is_log_two_wherever_they_are():
    for level in (-5, 0, 40):
        assert played(Relativistic(), level, level) == (pytest.approx(math.log(2)), pytest.approx(math.log(2)))


def test_relativistic_sees_differences_alone():
    right, wrong = math.log1p(math.exp(-3)), math.log1p(math.exp(3))
    for level in (-5, 0, 40):
        assert played(Relativistic(), level + 3, level) == (pytest.approx(right, rel=1e-4), pytest.approx(wrong))


def test_relativistic_pairs_the_batches_row_by_row():
    rows = torch.tensor([[0.0], [8.0], [-8.0], [1.0]])
    terms = Relativistic().discriminator(lambda images: rows, REAL, FAKE)
    assert float(terms["relativistic"]) == pytest.approx(math.log(2))
    assert list(terms) == ["relativistic"]


@every_loss
def test_the_generator_raises_the_logits_of_its_fakes_and_the_discriminator_lowers_them(loss):
    def slope(play, of):
        images = {"real": 0.25 * REAL, "fake": 0.25 * FAKE}
        images[of] = images[of].clone().requires_grad_()
        sum(play(lambda images: images.mean((1, 2, 3)), images["real"], images["fake"]).values()).backward()
        return images[of].grad

    fake = loss.discriminator, "fake"
    if isinstance(loss, LeastSquares):  # it lowers what lies above its target, 0
        loss = LeastSquares(a=-1.0)
        fake = loss.discriminator, "fake"
    assert (slope(*fake) > 0).all()
    assert (slope(loss.discriminator, "real") < 0).all()
    assert (slope(loss.generator, "fake") < 0).all()


@every_loss
@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 1, 3, 3)])
def test_logits_of_any_shape_give_finite_scalars_and_the_same_terms(loss, shape):
    for play in (loss.discriminator, loss.generator):
        terms = play(lambda images: torch.full(shape, 0.5), REAL, FAKE)
        flat = play(lambda images: torch.full((4,), 0.5), REAL, FAKE)
        assert {name: value.shape for name, value in terms.items()} == dict.fromkeys(flat, torch.Size([]))
        assert [float(value) for value in terms.values()] == pytest.approx([float(v) for v in flat.values()])


@every_loss
def test_only_cross_entropy_is_logged_as_a_probability(loss):
    shown = float(loss.logged_output(torch.tensor([2.0])))
    entropy = isinstance(loss, NonSaturating)
    assert shown == pytest.approx(1 / (1 + math.exp(-2)) if entropy else 2)


def test_smoothing_moves_the_target_of_reals_alone():
    logit = math.log(0.9 / 0.1)
    entropy = -(0.9 * math.log(0.9) + 0.1 * math.log(0.1))
    smooth = NonSaturating(real_target=0.9)
    assert float(smooth.discriminator(answers(logit, -50), REAL, FAKE)["real"]) == pytest.approx(entropy, rel=1e-5)
    assert float(smooth.discriminator(answers(logit, -50), REAL, FAKE)["fake"]) == pytest.approx(0, abs=1e-6)
    assert float(smooth.generator(answers(50, 50), REAL, FAKE)["adversarial"]) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("target", [0.0, -1.0, 1.5])
def test_an_impossible_target_is_refused(target):
    with pytest.raises(ValueError, match="real_target"):
        NonSaturating(real_target=target)


def test_pearsons_scheme_uses_all_three_targets():
    loss = LeastSquares(a=-1, b=1, c=0)
    assert float(sum(loss.discriminator(answers(1, -1), REAL, FAKE).values())) == 0
    assert float(loss.generator(answers(0, 0), REAL, FAKE)["adversarial"]) == 0
    assert float(loss.generator(answers(2, 2), REAL, FAKE)["adversarial"]) == pytest.approx(2)


def test_a_large_logit_does_not_saturate():
    assert float(NonSaturating().generator(answers(-150, -150), REAL, FAKE)["adversarial"]) == pytest.approx(150)
