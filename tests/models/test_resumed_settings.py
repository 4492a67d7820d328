"""A resumed run follows the configuration that is given now: optimizers, moments kept, and the size of batches."""

from functools import partial

import pytest
import torch
from hydra.utils import instantiate
from lightning.pytorch.callbacks import Callback
from torch.optim import SGD, Adam, AdamW

from gan_lightning.models.players import check_resumable
from support.batches import epoch_of
from support.cells import cells
from support.playing import SMALL, play


class Settings(Callback):
    """The settings of every optimizer and their steps when training starts."""

    def on_train_start(self, trainer, module):
        optimizers = dict(zip(module.players, trainer.optimizers, strict=True))
        self.groups = {name: dict(each.param_groups[0]) for name, each in optimizers.items()}
        self.steps = {name: int(next(iter(each.state.values()))["step"]) for name, each in optimizers.items()}


@pytest.fixture
def checkpoint(gan, tmp_path):
    """The file of a run of four iterations."""
    play(gan(), max_steps=4).save_checkpoint(tmp_path / "four.ckpt")
    return tmp_path / "four.ckpt"


def test_the_optimizers_settings_of_a_resumed_run_are_those_of_its_configuration(gan, checkpoint):
    new = {"lr": 3e-4, "betas": [0.0, 0.9], "eps": 1e-6, "weight_decay": 0.1}
    words = [
        f"++model.{player}_optimizer.{key}={value}"
        for player in ("generator", "discriminator")
        for key, value in new.items()
    ]
    seen = Settings()
    play(gan(*words), callbacks=[seen], max_steps=5, ckpt_path=checkpoint)
    for groups in seen.groups.values():
        assert (groups["eps"], groups["weight_decay"], groups["lr"]) == (1e-6, 0.1, 3e-4)
        assert list(groups["betas"]) == [0.0, 0.9]
    assert seen.steps == {"discriminator": 4, "generator": 4}, "the moments are those of the run"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (partial(SGD, lr=1e-3), "model.generator_optimizer must stay Adam .* got SGD; init_from"),
        (partial(AdamW, lr=1e-3), "model.generator_optimizer must stay Adam .* got AdamW; init_from"),
        (partial(Adam, amsgrad=True), "model.generator_optimizer needs max_exp_avg_sq, .* init_from"),
    ],
)
def test_an_optimizer_that_cannot_continue_is_refused_in_one_sentence(make, said, gan, checkpoint):
    model, kept = gan(), torch.load(checkpoint, weights_only=True)
    check_resumable(model.players, kept)
    model.players["generator"].make_optimizer = make
    with pytest.raises(ValueError, match=said) as error:
        check_resumable(model.players, kept)
    assert "\n" not in str(error.value)


def test_a_checkpoint_before_a_players_first_move_can_be_continued_with_any_setting(gan, tmp_path):
    play(gan("model.generator_every=5"), max_steps=2).save_checkpoint(tmp_path / "two.ckpt")
    model = gan()
    model.players["generator"].make_optimizer = partial(Adam, amsgrad=True)
    check_resumable(model.players, torch.load(tmp_path / "two.ckpt", weights_only=True))


class Rows(Callback):
    """The images of each batch, and the batch's number in its epoch; a checkpoint at the end."""

    def __init__(self, file, steps):
        self.images, self.numbers, self.file, self.steps = [], [], file, steps

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == self.steps:
            trainer.save_checkpoint(self.file)

    def on_train_batch_start(self, trainer, module, batch, batch_idx):
        self.images.append(batch.images)
        self.numbers.append((trainer.current_epoch, batch_idx))


SIZES = [(2, [2, 2, 2, 1]), (3, [3, 3, 1]), (8, [7]), (4, [4, 3])]


@pytest.mark.parametrize(("size", "left"), cells(SIZES, quick=SIZES[1:2]))
@pytest.mark.parametrize("epoch", [pytest.param(0, marks=pytest.mark.slow), 1])
def test_an_epoch_resumed_with_another_batch_size_shows_each_image_once(epoch, size, left, composed, roots, tmp_path):
    """Of 15 images 8 are seen before the checkpoint; what is left is 7, and the next epoch is a whole one."""
    words = ["model=dcgan", "data=folder_labelled", "data.channels=1", *roots["folder_labelled"], *SMALL]
    config = composed(*words, "data.image_size=16", "data.batch_size=4")

    def run(steps, **more):
        rows = Rows(tmp_path / f"{steps}.ckpt", steps)
        play(instantiate(config.model), instantiate(config.data), [rows], max_steps=steps, **more)
        return rows

    at = 4 * epoch + 2
    before = run(at)
    config.data.batch_size = size
    whole = -(-15 // size)
    after = run(at + len(left) + whole, ckpt_path=tmp_path / f"{at}.ckpt")
    assert [len(images) for images in after.images[: len(left)]] == left
    config.data.batch_size = 15
    for number, images in (
        (epoch, [*before.images[4 * epoch :], *after.images[: len(left)]]),
        (epoch + 1, after.images[len(left) :]),
    ):
        assert torch.equal(torch.cat(images), epoch_of(instantiate(config.data), number)[0].images)
    assert after.numbers[: len(left)] == [(epoch, number) for number in range(whole - len(left), whole)]
    assert after.numbers[len(left) :] == [(epoch + 1, number) for number in range(whole)]
