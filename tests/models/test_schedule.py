"""Schedules by the clock: their shapes, and the rates and weights that follow them through a run and its resumption."""

import math

import pytest
from hydra.utils import instantiate
from lightning.pytorch.callbacks import Callback

from gan_lightning.models.schedule import constant, cosine, linear
from support.playing import SMALL, batches, play


def test_shapes_run_from_one_to_the_final_value():
    assert [constant(i, 4) for i in range(5)] == [1] * 5
    assert [linear(i, 4) for i in range(5)] == [1, 0.75, 0.5, 0.25, 0]
    assert [linear(i, 4, final=0.2) for i in (0, 2, 4)] == pytest.approx([1, 0.6, 0.2])
    assert [cosine(i, 4, final=0.2) for i in (0, 2, 4)] == pytest.approx([1, 0.6, 0.2])
    assert cosine(1, 4) == pytest.approx((1 + math.cos(math.pi / 4)) / 2)
    assert linear(99, 4, final=0.3) == pytest.approx(0.3), "past the end"


def test_a_start_is_a_part_of_the_run_or_an_iteration():
    assert [linear(i, 8, start=0.5) for i in (0, 4, 6, 8)] == [1, 1, 0.5, 0]
    assert [linear(i, 8, start=6) for i in (0, 6, 7, 8)] == [1, 1, 0.5, 0]


@pytest.mark.parametrize(
    ("total", "start", "said"), [(math.inf, 0, "needs a run with an end that is known"), (5, 5, "got 5")]
)
def test_a_schedule_that_cannot_be_followed_says_so(total, start, said):
    with pytest.raises(ValueError, match=said):
        linear(0, total, start=start)


class Followed(Callback):
    """Each step's rates and penalty weight; the penalty is made to be its weight alone."""

    def __init__(self):
        self.rates, self.weights = [], []

    def on_train_start(self, trainer, module):
        penalty = module.players["discriminator"].regularizers["r1"]
        penalty.forward = lambda critic, real, fake: real.new_tensor(penalty.weight)

    def on_train_batch_end(self, trainer, module, *_):
        self.rates.append([optimizer.param_groups[0]["lr"] for optimizer in trainer.optimizers])
        self.weights.append(float(trainer.callback_metrics["discriminator/r1"]))


CHOSEN = [
    "model=r3gan", *SMALL, "schedule=linear", "schedule@model.penalty_schedule=cosine",
    "model.penalty_schedule.final=0.1", "model.generator_optimizer.lr=0.1", "model.discriminator_optimizer.lr=0.2",
    "penalty=[r1]",
]  # fmt: skip


def test_rates_and_weights_follow_the_clock(composed):
    followed = Followed()
    play(instantiate(composed(*CHOSEN, "model.generator_every=2").model), callbacks=[followed], max_steps=10)
    factors = [1 - i / 10 for i in range(10)]
    assert [rate for rate, _ in followed.rates] == pytest.approx([0.2 * factor for factor in factors])
    assert [rate for _, rate in followed.rates] == pytest.approx([0.1 * factor for factor in factors])
    assert followed.weights == pytest.approx([10 * cosine(i, 10, 0.1) for i in range(10)])


def test_a_run_counted_in_epochs_has_an_end_too(composed):
    followed = Followed()
    play(instantiate(composed(*CHOSEN).model), batches(3), [followed], max_steps=-1, max_epochs=2)
    assert [rate for rate, _ in followed.rates] == pytest.approx([0.2 * (1 - i / 6) for i in range(6)])


def test_a_resumed_run_goes_on_where_the_schedule_was(composed, tmp_path):
    whole, first, second = Followed(), Followed(), Followed()
    play(instantiate(composed(*CHOSEN).model), batches(2), [whole], max_steps=8)

    class Stop(Callback):
        def on_train_epoch_end(self, trainer, module):
            if trainer.global_step == 4:
                trainer.save_checkpoint(tmp_path / "half.ckpt")
                trainer.should_stop = True

    play(instantiate(composed(*CHOSEN).model), batches(2), [first, Stop()], max_steps=8)
    model = instantiate(composed(*CHOSEN).model)
    play(model, batches(2), [second], max_steps=8, ckpt_path=tmp_path / "half.ckpt")
    assert first.rates + second.rates == whole.rates
    assert first.weights + second.weights == whole.weights
