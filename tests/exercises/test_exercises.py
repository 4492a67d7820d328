"""Every exercise takes its right answer, and names the mistake of every wrong one that it knows."""

import ast
import functools
from importlib import import_module
from pathlib import Path

import pytest
import torch

import gan_lightning.exercises
from gan_lightning.grading.exercise import Exercise, loss_and_gradients
from gan_lightning.losses.adversarial import LeastSquares, NonSaturating, Relativistic
from gan_lightning.losses.gradient_penalties import GradientPenalty

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(file.stem for file in Path(gan_lightning.exercises.__path__[0]).glob("[a-z]*.py"))
EXERCISES = {name: import_module(f"gan_lightning.exercises.{name}").EXERCISE for name in NAMES}


def critic(images):
    """A discriminator whose output is the image's only pixel."""
    return images.flatten(1)


QUICK = [name for name in NAMES if name != "own_objective"]


@pytest.mark.parametrize("name", QUICK)
def test_the_right_answer_is_right_and_each_mistake_is_named(name):
    exercise = EXERCISES[name]
    assert exercise.hint(exercise.right) is None
    assert [exercise.hint(wrong) for wrong in exercise.mistakes.values()] == list(exercise.mistakes)
    assert all(hint[0].isupper() and hint.endswith(".") for hint in exercise.mistakes)


@pytest.mark.slow
def test_objectives_that_train_are_right_and_those_that_do_not_are_told_why():
    exercise = EXERCISES["own_objective"]
    for loss in (LeastSquares(factor=1.0), Relativistic()):

        def answer(real, fake, loss=loss):
            images = [outputs[..., None, None] for outputs in (real, fake)]
            return tuple(sum(terms(critic, *images).values()) for terms in (loss.discriminator, loss.generator))

        assert exercise.hint(answer) is None
    assert [exercise.hint(wrong) for wrong in exercise.mistakes.values()] == list(exercise.mistakes)
    assert "D's loss falls when its outputs on generated images fall" in exercise.hint(
        lambda real, fake: (torch.nn.functional.softplus(-real).mean() + 0 * fake.mean(), -fake.mean())
    )


def test_the_references_are_the_losses_of_this_package():
    real, fake = torch.randn(2, 5, 1, 1, 1)
    losses = {"lsgan_discriminator_loss": LeastSquares(factor=1.0), "smoothed_discriminator_loss": NonSaturating(0.9)}
    for name, loss in losses.items():
        wanted = sum(loss.discriminator(critic, real, fake).values())
        assert EXERCISES[name].right(critic(real), critic(fake)) == pytest.approx(float(wanted))


def test_the_reference_penalty_is_the_packages_own(monkeypatch):
    discriminator = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(4, 6), torch.nn.Softplus(), torch.nn.Linear(6, 1)
    )
    real, fake, epsilon = torch.randn(5, 4), torch.randn(5, 4), torch.rand(5)
    monkeypatch.setattr(
        "gan_lightning.randomness.draw_rows", lambda draw, count, device: 1 - epsilon[:, None, None, None]
    )
    penalty = GradientPenalty(10.0)(discriminator, real.view(5, 1, 2, 2), fake.view(5, 1, 2, 2))
    own = EXERCISES["gradient_penalty"].right(discriminator, real, fake, epsilon).detach()
    assert float(own) == pytest.approx(float(penalty.detach()), rel=1e-5)


UNUSUAL = {
    "an empty hole": (lambda real, fake: None, "returns nothing yet"),
    "a float": (lambda real, fake: 0.5, "returns a float; the loss must be a tensor"),
    "a vector": (lambda real, fake: (real - fake).flatten(), r"shape of the loss is [5]; it must be [] (one number: take the mean)"),
    "no gradient": (lambda real, fake: (real - fake).mean().detach(), "No gradient flows through the loss"),
    "an error": (lambda real, fake: real @ fake, "Line "),
    "a function in a cache": (functools.cache(lambda real, fake: real @ fake), "Line "),
    "an object": (functools.partial(lambda real, fake: real @ fake), "Line "),
    "wrong arguments": (lambda real: real.mean(), "raises TypeError"),
    "a multiple": (lambda real, fake: 3 * EXERCISES["lsgan_discriminator_loss"].right(real, fake), "The loss is 3 times what it should be."),
    "a logarithm of zero": (lambda real, fake: (0 * real).log().mean() + fake.mean(), "not finite"),
    "something else": (lambda real, fake: real.mean() - fake.mean(), "for inputs of seed 0, where it should be"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNUSUAL)
def test_an_answer_that_nobody_foresaw_gets_a_hint_too(case):
    answer, said = UNUSUAL[case]
    assert said in EXERCISES["lsgan_discriminator_loss"].hint(answer, __file__)


def test_what_must_and_must_not_be_so_is_said():
    def observe(answer, seed):
        return {"it rains": torch.tensor(answer())}

    assert Exercise(observe, lambda: True, {}).hint(lambda: False) == "It must be so that it rains."
    assert Exercise(observe, lambda: False, {}).hint(lambda: True) == "It must not be so that it rains."


def test_a_loss_that_ignores_an_input_has_a_gradient_of_zero():
    seen = loss_and_gradients(lambda real, fake: real.mean(), real_logits=torch.ones(2), fake_logits=torch.ones(2))
    assert seen["the gradient with respect to fake_logits"].eq(0).all()


def test_each_exercise_has_a_file_with_a_hole_in_both_languages_and_no_file_has_none():
    for folder, language in ((ROOT / "exercises", "en"), (ROOT / "exercises" / "zh", "zh")):
        files = sorted(folder.glob("*.py"))
        assert sorted(file.stem[3:] for file in files) == NAMES
        assert [file.stem[:2] for file in files] == [f"{number:02}" for number in range(1, len(NAMES) + 1)]
        for file in files:
            tree = ast.parse(file.read_text(encoding="utf-8"))
            (function,) = (node for node in tree.body if isinstance(node, ast.FunctionDef))
            assert function.name == file.stem[3:]
            assert ast.unparse(function.body[-1]) == "...", "the hole"
            assert len(function.body) == 2
            command = f"`gan-lightning grade exercises/{'zh/' if language == 'zh' else ''}{file.name}`"
            assert command in ast.get_docstring(tree)
    signatures = [[ast.dump(next(n for n in ast.parse((f / file.name).read_text(encoding="utf-8")).body if isinstance(n, ast.FunctionDef)).args) for f in (ROOT / "exercises", ROOT / "exercises" / "zh")] for file in files]  # fmt: skip
    assert all(one == other for one, other in signatures)
