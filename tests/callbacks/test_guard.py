"""The guard: a run whose numbers are not finite stops, and other failures are named in plain words."""

import json
from pathlib import Path

import pytest
import torch
from lightning import Callback, Trainer
from lightning.pytorch.plugins import MixedPrecision
from torch.amp import GradScaler
from torch.utils.data import DataLoader

from gan_lightning.callbacks.checkpoints import Checkpoints
from gan_lightning.callbacks.finiteness import FinitenessLog, norms
from gan_lightning.callbacks.guard import Diverged, Guard
from gan_lightning.callbacks.symptoms import Symptom
from gan_lightning.losses.adversarial import NonSaturating
from gan_lightning.models.gan import GAN
from gan_lightning.networks.mlp import MLPDiscriminator, MLPGenerator
from gan_lightning.types import Unlabelled
from support.cells import cells


def adam(parameters):
    return torch.optim.Adam(parameters, 2e-4, (0.5, 0.999))


def model(loss=None, ema=None, d_lr=2e-4, g_lr=2e-4):
    torch.manual_seed(0)
    return GAN(
        MLPGenerator(4, 1, 8, width=4), MLPDiscriminator(1, 8, width=4), latent_dim=4, loss=loss or NonSaturating(),
        generator_optimizer=lambda weights: torch.optim.Adam(weights, g_lr, (0.5, 0.999)), ema=ema,
        discriminator_optimizer=lambda weights: torch.optim.Adam(weights, d_lr, (0.5, 0.999)),
    )  # fmt: skip


def images(count=40, change=lambda number, batch: batch):
    torch.manual_seed(1)
    batches = [torch.rand(8, 1, 8, 8) * 2 - 1 for _ in range(count)]
    return DataLoader([Unlabelled(change(number, batch)) for number, batch in enumerate(batches)], batch_size=None)


def play(game, loader=None, steps=12, others=(), plugins=None, **guard):
    watch = Guard("run", **({"every_n_iterations": None} | guard))
    Trainer(
        max_epochs=-1, max_steps=steps, accelerator="cpu", logger=False, log_every_n_steps=2, callbacks=[watch, *others],
        enable_progress_bar=False, enable_model_summary=False, enable_checkpointing=bool(others), plugins=plugins,
    ).fit(game, loader or images())  # fmt: skip
    return watch


def said():
    file = Path("run/guard.jsonl")
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


class At(Callback):
    """Does something to the model before an iteration."""

    def __init__(self, iteration, change):
        self.iteration, self.change = iteration, change

    def on_train_batch_start(self, trainer, module, batch, batch_idx):
        if trainer.global_step == self.iteration - 1:
            self.change(module)


class BadTerm(NonSaturating):
    """A loss with a term that is NaN from its seventh call on."""

    calls = 0

    def generator(self, critic, real, fake):
        BadTerm.calls += 1
        terms = super().generator(critic, real, fake)
        return {**terms, "mine": terms["adversarial"] * (float("nan") if BadTerm.calls >= 7 else 0.0)}


def nan_in_batch(number, batch):
    return batch.index_fill(0, torch.tensor([2]), float("nan")) if number == 6 else batch


def set_weight(module):
    module.generator.net[0].weight.data[0, 0] = float("inf")


def poison_gradient(module):
    module.discriminator.net[1].weight.register_hook(lambda gradient: gradient * float("nan"))


NOT_FINITE = {
    "a rate of 1e30": (lambda: dict(game=model(d_lr=1e30)), 1, "generator"),
    "NaN in a batch": (lambda: dict(game=model(), loader=images(change=nan_in_batch)), 7, "the term discriminator/real"),
    "an infinite weight": (lambda: dict(game=model(), others=[At(7, set_weight)]), 7, "the term|weight generator"),
    "a term of a loss of one's own": (lambda: dict(game=model(BadTerm())), 7, "the term generator/mine"),
    "a gradient of one parameter": (
        lambda: dict(game=model(), others=[At(7, poison_gradient)]), 7, "the gradient of discriminator.net.1.weight",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_FINITE)
def test_a_run_stops_at_the_iteration_in_which_a_number_is_not_finite(case):
    BadTerm.calls = 0
    make, iteration, named = NOT_FINITE[case]
    with pytest.raises(Diverged, match=named) as end:
        play(**make())
    assert f"at iteration {iteration}," in str(end.value)
    assert [each["iteration"] for each in said()] == [iteration]
    assert "try" in said()[0]["sentence"]


class BadFromTheStart(NonSaturating):
    """A loss whose term of one player is never finite."""

    def __init__(self, player):
        super().__init__()
        self.player = player

    def discriminator(self, critic, real, fake):
        return {"mine": (critic(fake) * (0 if self.player == "discriminator" else 1) - 1).square().sub(1).log().mean()}

    def generator(self, critic, real, fake):
        return {"mine": (critic(fake).mean() - 1) * (float("nan") if self.player == "generator" else 1)}


@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_a_term_that_is_not_finite_at_once_is_the_cause_and_not_a_rate(player):
    with pytest.raises(Diverged, match=f"the term {player}/mine.* it is the term itself: try it without a log") as end:
        play(model(BadFromTheStart(player)))
    assert ("lr" in str(end.value)) is (player == "generator"), "before D's first step no rate can be the cause"


def test_a_good_checkpoint_is_never_replaced_by_a_bad_one():
    keeps = Checkpoints("run/checkpoints", every_n_iterations=1, keep=None)
    with pytest.raises(Diverged):
        play(model(), images(change=nan_in_batch), others=[keeps])
    assert sorted(file.name for file in Path("run/checkpoints").iterdir())[-2:] == ["0000006.ckpt", "last.ckpt"]
    last = torch.load("run/checkpoints/last.ckpt", weights_only=True)
    assert last["global_step"] == 6
    assert all(weight.isfinite().all() for weight in last["state_dict"].values())


def test_a_warning_lets_the_run_go_on_without_further_checkpoints():
    keeps = Checkpoints("run/checkpoints", every_n_iterations=1, keep=None)
    play(model(), images(change=nan_in_batch), others=[keeps], on_failure="warn")
    assert torch.load("run/checkpoints/last.ckpt", weights_only=True)["global_step"] == 6
    assert [each["kind"] for each in said()] == ["diverged"]


def test_where_the_device_is_not_waited_for_the_exact_iteration_is_named_later(monkeypatch):
    """As on a GPU: numbers are read at the log cadence, and no checkpoint is written in between."""
    monkeypatch.setattr(Guard, "_reads_always", lambda self, module: False)
    keeps = Checkpoints("run/checkpoints", every_n_iterations=1, keep=None)
    with pytest.raises(Diverged, match="at iteration 7,"):
        play(model(), images(change=nan_in_batch), others=[keeps])
    assert torch.load("run/checkpoints/last.ckpt", weights_only=True)["global_step"] == 6


def test_the_end_of_a_run_is_read_too(monkeypatch):
    monkeypatch.setattr(Guard, "_reads_always", lambda self, module: False)
    with pytest.raises(Diverged, match="at iteration 7,"):
        play(model(), images(change=nan_in_batch), steps=7)


def test_gradients_that_a_scaler_skips_are_no_failure():
    """The scaler starts so high that fp16 gradients overflow; it lowers its scale and goes on."""
    scaler = GradScaler("cpu", init_scale=2.0**40, growth_interval=1000)
    play(model(), steps=12, plugins=[MixedPrecision("16-mixed", "cpu", scaler=scaler)])
    assert scaler.get_scale() < 2.0**40, "a step was skipped"
    assert said() == []


def test_training_is_the_same_with_and_without_the_guard():
    with_guard, without = model(), model()
    play(with_guard, every_n_iterations=2)
    Trainer(
        max_epochs=-1, max_steps=12, accelerator="cpu", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False,
    ).fit(without, images())  # fmt: skip
    for name, weight in with_guard.state_dict().items():
        assert torch.equal(weight, without.state_dict()[name]), name


def test_another_attempt_has_lower_rates_and_other_noise():
    first, second = model(), model()
    play(first, steps=1)
    watch = play(second, steps=1, attempt=2)
    assert [group["lr"] for each in second.trainer.optimizers for group in each.param_groups] == [5e-5, 5e-5]
    assert not torch.equal(first.generator.net[0].weight, second.generator.net[0].weight)
    assert watch.state_dict()["attempt"] == 2
    assert [each["kind"] for each in said()] == ["rolled back"]
    assert "0.25 times its rates" in said()[0]["sentence"]
    later = Guard("run", attempt=1)
    later.load_state_dict({"attempt": 2})
    assert later.attempt == 2


def test_rollbacks_end():
    with pytest.raises(Diverged) as end:
        play(model(), images(change=nan_in_batch), on_failure="rollback", attempt=2)
    assert end.value.next_attempt == 3
    with pytest.raises(Diverged) as end:
        play(model(), images(change=nan_in_batch), on_failure="rollback", attempt=3)
    assert end.value.next_attempt is None


def silence(module):
    """Let G make one image for every noise."""
    module.generator.net[0].weight.data.zero_()
    module.generator.net[0].weight.requires_grad_(False)


INJECTED = {
    "a collapsed generator": (lambda: dict(game=model(), others=[At(1, silence)], every_n_iterations=2), "collapsed"),
    "equal images": (lambda: dict(game=model(), loader=images(change=lambda _, batch: torch.zeros_like(batch)), every_n_iterations=2), "equal data"),
    "bytes instead of floats": (lambda: dict(game=model(), loader=images(change=lambda _, batch: 255 * batch), every_n_iterations=2), "out of range"),
    "a rate of zero": (lambda: dict(game=model(g_lr=0.0), patience=4), "generator without rate"),
    "a discriminator that is too strong": (
        lambda: dict(game=model(d_lr=0.05, g_lr=1e-9), steps=60, patience=8, loader=images(60, lambda _, batch: batch.abs() + 0.5)), "saturated",
    ),
    "a rate of 10": (lambda: dict(game=model(d_lr=10.0)), "exploding"),
}  # fmt: skip


@pytest.mark.parametrize("case", cells(INJECTED, quick=["a collapsed generator", "a rate of zero", "a rate of 10"]))
def test_a_failure_is_named_in_a_sentence_that_says_what_to_try(case):
    make, kind = INJECTED[case]
    play(**make())
    named = [each for each in said() if kind in each["kind"]]
    assert named
    for each in named:
        assert ": " in each["sentence"], "the cause, and then what to try"


def test_what_another_callback_knows_is_said_until_it_has_passed():
    class Knows(Callback):
        """Has a symptom in iterations 3 to 6 and 9 to 12."""

        def __init__(self):
            self.now = 0

        def on_train_batch_start(self, trainer, *_):
            self.now = trainer.global_step + 1

        def symptom(self):
            return Symptom("mine", "a sentence") if self.now in (3, 4, 5, 6, 9, 10, 11, 12) else None

    play(model(), others=[Knows()])
    assert [(each["iteration"], each["kind"]) for each in said()] == [(4, "mine"), (10, "mine")]


def test_images_are_looked_at_by_a_cadence_of_their_own():
    """Readings are at 2, 4, ..., looks at 5 and 10; the second look in a row that finds something says it."""
    play(model(), images(change=lambda _, batch: torch.zeros_like(batch)), every_n_iterations=5)
    assert [(each["iteration"], each["kind"]) for each in said()] == [(10, "equal data")]


def test_the_first_value_that_is_not_finite_is_remembered():
    def weights(a, b):
        return norms([(("weight", "a"), a), (("weight", "b"), b)])

    log = FinitenessLog()
    good, bad = torch.ones(3), torch.tensor([1.0, float("nan"), 2.0])
    log.see(weights(good, good), 1)
    assert log.first() is None
    log.see(weights(good, bad), 2)
    log.see(weights(bad, bad), 3)
    assert str(log.first()) == "the weight b is NaN or infinite at iteration 2"
    assert bool(log.bad)
    log = FinitenessLog()
    log.see(
        [
            (("term", "x"), torch.tensor(float("inf"))),
            *norms([(("gradient of", "a"), bad), (("gradient of", "b"), bad)]),
        ],
        5,
    )
    assert str(log.first()) == "the term x and the gradient of a are NaN or infinite at iteration 5"
