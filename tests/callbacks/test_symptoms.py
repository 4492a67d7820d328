"""Symptoms of runs whose numbers are finite."""

import json

import pytest
import torch

from gan_lightning.callbacks.symptoms import Examination, Reading, difference, of_images
from gan_lightning.losses.adversarial import LeastSquares, NonSaturating, Wasserstein


def reading(iteration, **changes):
    usual = dict(
        losses={"generator": 1.0, "discriminator": 1.0}, outputs={"": (0.6, 0.4)},
        gradients={"generator": 1.0, "discriminator": 1.0}, rates={"generator": 1e-3, "discriminator": 1e-3},
    )  # fmt: skip
    return Reading(iteration, **(usual | changes))


def kinds(examination, readings):
    return [[symptom.kind for symptom in examination.symptoms(each)] for each in readings]


@pytest.mark.parametrize(
    ("loss", "real", "fake", "expected"),
    [
        (NonSaturating(), 0.999, 0.001, ["saturated"]),
        (NonSaturating(), 0.97, 0.001, []),
        (NonSaturating(0.9), 0.9, 0.0, ["saturated"]),
        (LeastSquares(-1, 1, 0), 1.0, -1.0, ["saturated"]),
        (LeastSquares(), 0.5, 0.5, []),
        (Wasserstein(), 999.0, -999.0, []),
    ],
)
def test_a_discriminator_that_is_certain_for_long_is_saturated(loss, real, fake, expected):
    certain = {"outputs": {"": (real, fake)}}
    found = kinds(Examination(loss.certain, 100), [reading(n, **certain) for n in (50, 100, 150)])
    assert found == [[], [], expected]
    mixed = [reading(50, **certain), reading(100), reading(150, **certain), reading(200, **certain)]
    assert kinds(Examination(loss.certain, 100), mixed) == [[], [], [], []], "it has recovered between"


def test_each_direction_of_a_model_has_its_own_discriminator():
    certain = {"outputs": {"_x": (0.6, 0.4), "_y": (0.999, 0.001)}}
    found = kinds(Examination((1.0, 0.0), 100), [reading(n, **certain) for n in (50, 150)])
    assert found == [[], ["saturated_y"]]


def test_an_examination_goes_on_where_a_checkpoint_was_written():
    certain = {"outputs": {"": (0.999, 0.001)}, "losses": {"generator": -5000.0}}
    readings = [reading(n, **certain) for n in range(10, 210, 10)]
    for loss in NonSaturating(), Wasserstein():
        whole = kinds(Examination(loss.certain, 100), readings)
        first, second = Examination(loss.certain, 100), Examination(loss.certain, 100)
        before = kinds(first, readings[:7])
        second.load_state(json.loads(json.dumps(first.state())))
        assert before + kinds(second, readings[7:]) == whole


def test_a_loss_that_explodes_is_named_by_its_player():
    losses = {"losses": {"generator": 38_232.0, "discriminator": 1.0}}
    assert kinds(Examination((1.0, 0.0), 100), [reading(50), reading(100, **losses)]) == [[], ["generator exploding"]]
    large = [reading(n, losses={"generator": -5000.0, "discriminator": 1.0}) for n in range(50, 800, 50)]
    found = kinds(Examination(None, 100), [*large, reading(800, losses={"generator": -600_000.0})])
    assert found == [[]] * 15 + [["generator exploding"]], "a critic without bounds may have large losses"


@pytest.mark.parametrize(("field", "kind"), [("gradients", "without gradient"), ("rates", "without rate")])
def test_a_player_that_does_not_learn_is_named(field, kind):
    still = {field: {"generator": 0.0, "discriminator": 1.0}}
    found = kinds(Examination(None, 100), [reading(n, **still) for n in (50, 100, 150)])
    assert found == [[], [], [f"generator {kind}"]]


def test_images_that_are_all_the_same_are_a_collapse():
    torch.manual_seed(0)
    real, other = torch.rand(16, 3, 16, 16) * 2 - 1, torch.rand(16, 3, 16, 16) * 2 - 1
    one = other[:1] + 0.001 * torch.randn(16, 3, 16, 16)
    assert [each.kind for each in of_images(one, real)] == ["collapsed"]
    assert of_images(other, real) == []
    assert [each.kind for each in of_images(other, real[:1].expand(16, -1, -1, -1))] == ["equal data"]
    assert [each.kind for each in of_images(other, 255 * real)] == ["out of range", "collapsed"]
    assert difference(real) == pytest.approx(difference(real.flip(0)))
