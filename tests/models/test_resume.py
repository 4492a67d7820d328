"""A resumed run is the run: weights, both Adams, order and noise, bit for bit."""

import pytest
import torch
from hydra.utils import instantiate

from support.checkpoints import assert_same
from support.configuration import options

SMALL = [
    "data.image_size=32", "data.batch_size=4", "data.flip=true", "trainer.accelerator=cpu", "trainer.max_epochs=-1",
    "model.generator.width=2", "model.discriminator.width=2", "logger=none", "callbacks=checkpoint",
    "callbacks.checkpoint.keep=null", "+trainer.enable_progress_bar=false",
]  # fmt: skip
FOLDER = ["data=folder_labelled", "data.channels=1"]
DATA = {
    "pix2pix": (["data=paired", "data.load_size=36"], "paired", 3),
    "cyclegan": (["data=unpaired", "data.load_size=36", "model.pool_size=5"], "unpaired", 3),
}
"""What a model is played on, whose files, and batches of 4 in an epoch; the last is smaller."""


def play(composed, folder, steps, *more, resume=None):
    config = composed(*SMALL, f"trainer.max_steps={steps}", *more, run_dir=folder)
    torch.manual_seed(0)
    model, data, trainer = instantiate(config.model), instantiate(config.data), instantiate(config.trainer)
    trainer.fit(model, data, ckpt_path=resume, weights_only=True)
    return torch.load(f"{folder}/checkpoints/last.ckpt", weights_only=True)


WHERE = {
    "in the first epoch": lambda epoch: 2,
    "at its end": lambda epoch: epoch,
    "in the second": lambda epoch: 2 * epoch - 1,
    "at the second's end": lambda epoch: 2 * epoch,
}


@pytest.mark.parametrize("model", options("model"))
@pytest.mark.parametrize("where", WHERE)
def test_a_resumed_run_equals_the_run_bit_for_bit(where, model, composed, tmp_path, roots):
    data, files, epoch = DATA.get(model, (FOLDER, "folder_labelled", 4))
    at = WHERE[where](epoch)
    steps = at + 6
    chosen = [
        f"model={model}", *data, *roots[files], "ema=half_life", "model.generator_every=2",
        f"callbacks.checkpoint.every_n_iterations={at}",
    ]  # fmt: skip
    whole = play(composed, tmp_path / "whole", steps, *chosen)
    resumed = play(
        composed, tmp_path / "b", steps, *chosen, resume=tmp_path / "whole" / "checkpoints" / f"{at:07d}.ckpt"
    )
    for part in ("state_dict", "optimizer_states", "global_step", "epoch", "images_seen"):
        assert_same(whole[part], resumed[part], part)
    assert_same(whole.get("pools"), resumed.get("pools"), "pools")
    assert model != "cyclegan" or len(whole["pools"]["x"]) == 5
    assert whole["global_step"] == steps
    fresh = play(composed, tmp_path / "c", steps, *chosen, "seed=1")
    with pytest.raises(AssertionError):
        assert_same(whole["state_dict"], fresh["state_dict"])


@pytest.mark.parametrize("stop", [["trainer.max_steps=6"], ["trainer.max_steps=-1", "trainer.max_epochs=2"]])
def test_the_last_checkpoint_of_a_run_that_ended_is_as_good_as_any(stop, composed, tmp_path, roots):
    own = [*FOLDER, *roots["folder_labelled"], "callbacks.checkpoint.every_n_iterations=1000"]
    whole = play(composed, tmp_path / "whole", 11, *own)
    play(composed, tmp_path / "part", 6, *own, *stop)
    resumed = play(composed, tmp_path / "b", 11, *own, resume=tmp_path / "part" / "checkpoints" / "last.ckpt")
    for part in ("state_dict", "optimizer_states", "global_step", "epoch", "images_seen"):
        assert_same(whole[part], resumed[part], part)


def test_workers_do_not_change_where_a_run_resumes(composed, tmp_path, roots):
    own = [*FOLDER, *roots["folder_labelled"]]
    whole = play(composed, tmp_path / "a", 12, *own, "callbacks.checkpoint.every_n_iterations=5")
    with_workers = (*own, "data.num_workers=2", "callbacks.checkpoint.every_n_iterations=5")
    resumed = play(composed, tmp_path / "b", 12, *with_workers, resume=tmp_path / "a" / "checkpoints" / "0000005.ckpt")
    again = play(composed, tmp_path / "c", 12, *own, resume=tmp_path / "b" / "checkpoints" / "0000010.ckpt")
    for other in (resumed, again):
        assert_same(whole["state_dict"], other["state_dict"])
        assert_same(whole["optimizer_states"], other["optimizer_states"])
