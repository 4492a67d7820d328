"""A resumed run is the run: weights, both Adams, order, noise and curves, bit for bit."""

import csv
from copy import deepcopy

import pytest
import torch
from hydra.utils import instantiate

from support.cells import cells
from support.checkpoints import assert_same
from support.configuration import options

SMALL = [
    "data.image_size=32", "data.batch_size=4", "data.flip=true", "trainer.accelerator=cpu", "trainer.max_epochs=-1",
    "model.generator.width=2", "model.discriminator.width=2", "logger=csv", "callbacks=[checkpoint,losses,samples]",
    "callbacks.samples.num_images=6", "callbacks.samples.every_n_iterations=null",
    "callbacks.checkpoint.keep=null", "callbacks.checkpoint.every_n_iterations=1", "trainer.log_every_n_steps=3",
    "+trainer.enable_progress_bar=false",
]  # fmt: skip
FOLDER = ["data=folder_labelled", "data.channels=1"]
DATA = {
    "pix2pix": (["data=paired", "data.load_size=36"], "paired", 3),
    "cyclegan": (["data=unpaired", "data.load_size=36", "model.pool_size=5"], "unpaired", 3),
}
"""What a model is played on, whose files, and batches of 4 in an epoch; the last is smaller."""
PARTS = ("state_dict", "optimizer_states", "global_step", "epoch", "images_seen", "players", "scalars", "class_counts")


@pytest.fixture
def player(composed, roots):
    """Make a function that trains a model, from the start or from a checkpoint, and returns its last checkpoint."""

    def make(model, *more):
        data, files, epoch = DATA.get(model, (FOLDER, "folder_labelled", 4))
        config = composed(*SMALL, f"model={model}", *data, *roots[files], "ema=half_life", *more)

        def play(folder, steps, resume=None, workers=0):
            own = deepcopy(config)  # making objects resolves the configuration
            own.run_dir, own.trainer.max_steps, own.data.num_workers = str(folder), steps, workers
            torch.manual_seed(0)
            model, data, trainer = instantiate(own.model), instantiate(own.data), instantiate(own.trainer)
            trainer.fit(model, data, ckpt_path=resume, weights_only=True)
            return torch.load(f"{folder}/checkpoints/last.ckpt", weights_only=True)

        return play, epoch

    return make


def curves(folder, after=0):
    """Return the lines of a run's tables after an iteration."""
    tables = {}
    for name, clock in (("metrics.csv", "step"), ("losses.csv", "iteration")):
        with (folder / name).open() as stream:
            rows = [{key: value for key, value in row.items() if value} for row in csv.DictReader(stream)]
        tables[name] = [row for row in rows if int(row[clock]) > after]
    return tables


QUICK = ("acgan", "cyclegan", "wgan_gp")
"""Models whose resume `make test` compares: several players, directions and steps of D; `make slow` has all."""


def assert_equal_runs(whole, other, folder, other_folder, at):
    for part in (*PARTS, "pools"):
        assert_same(whole.get(part), other.get(part), part)
    assert curves(folder, at) == curves(other_folder)
    grid = f"samples/{whole['global_step']:07d}.png"
    assert (folder / grid).read_bytes() == (other_folder / grid).read_bytes()


@pytest.mark.parametrize("model", cells(options("model"), quick=QUICK))
def test_a_run_resumed_within_its_second_epoch_equals_the_run_bit_for_bit(model, player, tmp_path):
    play, epoch = player(model, "model.generator_every=2")
    at = 2 * epoch - 1
    whole = play(tmp_path / "whole", at + 3)
    checkpoint = tmp_path / "whole" / "checkpoints" / f"{at:07d}.ckpt"
    resumed = play(tmp_path / "resumed", at + 3, checkpoint)
    assert_equal_runs(whole, resumed, tmp_path / "whole", tmp_path / "resumed", at)
    means = [row for row in curves(tmp_path / "resumed")["metrics.csv"] if "epoch/generator/loss" in row]
    assert [int(row["step"]) for row in means] == [2 * epoch]
    assert whole["global_step"] == at + 3
    with pytest.raises(AssertionError):
        assert_same(whole["state_dict"], torch.load(checkpoint, weights_only=True)["state_dict"])


MATRIX = {
    "dcgan": ["model.generator_every=2"],
    "wgan_gp": ["model.generator_every=5"],
    "acgan": [],
    "cyclegan": ["model.generator_every=2"],
}


@pytest.mark.slow
@pytest.mark.parametrize("model", MATRIX)
def test_a_run_resumes_exactly_wherever_it_stopped_and_however_batches_are_loaded(model, player, tmp_path):
    play, epoch = player(model, *MATRIX[model])
    steps = 3 * epoch + 2
    whole = play(tmp_path / "whole", steps)
    assert model != "cyclegan" or len(whole["pools"]["x"]) == 5
    for at in (2, epoch, epoch + 1, 2 * epoch - 1, 2 * epoch, 2 * epoch + 1):
        for workers in (0, 2):
            folder = tmp_path / f"{at}-{workers}"
            resumed = play(folder, steps, tmp_path / "whole" / "checkpoints" / f"{at:07d}.ckpt", workers)
            assert_equal_runs(whole, resumed, tmp_path / "whole", folder, at)


@pytest.mark.parametrize("at", cells([3, 4], quick=[3]))
def test_a_schedule_and_the_number_of_epochs_continue(at, player, tmp_path):
    more = [
        "trainer.max_epochs=3",
        "schedule=linear",
        "penalty=[r1]",
        "norm=none",
        "model.penalties.r1.every_n_iterations=2",
    ]
    play, epoch = player("dcgan", *more, "model.every_within_epoch=true", "model.generator_every=3")
    whole = play(tmp_path / "whole", -1)
    resumed = play(tmp_path / "b", -1, tmp_path / "whole" / "checkpoints" / f"{at:07d}.ckpt")
    assert_equal_runs(whole, resumed, tmp_path / "whole", tmp_path / "b", at)
    assert whole["global_step"] == 3 * epoch
    assert whole["players"]["generator"]["moves"] == 3, "in the third batch of each epoch of four"


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.5, 1.0])
def test_a_run_that_ended_in_the_middle_or_at_the_end_of_an_epoch_continues(share, player, tmp_path):
    """With half of the batches an epoch ends after two, where the sampler alone would be in its middle."""
    play, epoch = player("dcgan", f"trainer.limit_train_batches={share}")
    whole = play(tmp_path / "whole", 7)
    for steps in (3, int(share * epoch)):
        folder = tmp_path / f"part {steps}"
        play(folder, steps)
        resumed = play(tmp_path / f"b {steps}", 7, folder / "checkpoints" / "last.ckpt")
        assert_equal_runs(whole, resumed, tmp_path / "whole", tmp_path / f"b {steps}", steps)


def test_a_cut_epoch_has_no_mean(player, tmp_path):
    play, epoch = player("dcgan")
    play(tmp_path, epoch + 2)
    rows = curves(tmp_path)["metrics.csv"]
    assert [int(row["step"]) for row in rows if "epoch/discriminator/loss" in row] == [epoch]
    (mean,) = (float(row["epoch/discriminator/loss"]) for row in rows if "epoch/discriminator/loss" in row)
    losses = [float(row["discriminator"]) for row in curves(tmp_path)["losses.csv"]]
    assert mean == pytest.approx(sum(losses[:epoch]) / epoch, rel=1e-6)
