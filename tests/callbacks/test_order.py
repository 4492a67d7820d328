"""The order of callbacks in a YAML file does not matter."""

import json
import os
import random
import re
import signal

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf

from support.checkpoints import assert_same
from support.configuration import CONF

CHOSEN = OmegaConf.load(CONF / "callbacks" / "default.yaml").defaults
ORDERS = [[*reversed(CHOSEN)], random.Random(0).sample(list(CHOSEN), len(CHOSEN))]


@pytest.fixture
def play(composed, roots):
    """Run five iterations, of which Ctrl-C may end one; return the trainer."""

    def play(folder, order, interrupt_at=None):
        config = composed(
            "data=folder_labelled", "data.channels=1", *roots["folder_labelled"], "data.image_size=16",
            "data.batch_size=4", "model.generator.width=2", "model.discriminator.width=2", "trainer.accelerator=cpu",
            "trainer.max_steps=5", "trainer.log_every_n_steps=1", f"callbacks=[{','.join(order)}]", "metric=[fid]",
            "callbacks.scores.every_n_iterations=2", "callbacks.scores.num_images=12", "callbacks.samples.num_images=4",
            "callbacks.samples.every_n_iterations=2", "callbacks.checkpoint.every_n_iterations=3", run_dir=folder,
        )  # fmt: skip
        torch.manual_seed(0)
        model, data, trainer = (instantiate(config[part]) for part in ("model", "data", "trainer"))
        step = type(model).training_step

        def training_step(*given):
            if trainer.global_step == interrupt_at:
                os.kill(os.getpid(), signal.SIGINT)
            return step(model, *given)

        model.training_step = training_step
        trainer.fit(model, data)
        return trainer

    return play


def left(folder):
    """Return a run folder's file names, without the time in TensorBoard's, and the lines of its scores."""
    names = {re.sub(r"tfevents.*", "tfevents", str(file.relative_to(folder))) for file in folder.rglob("*")}
    lines = [json.loads(line) | {"run": ""} for line in (folder / "scores.jsonl").read_text().splitlines()]
    return names, lines


@pytest.mark.parametrize("interrupt_at", [None, 2])
def test_a_run_leaves_the_same_files_scores_and_best_checkpoint_in_any_order(interrupt_at, play, tmp_path):
    play(tmp_path / "given", CHOSEN, interrupt_at)
    names, lines = left(tmp_path / "given")
    assert {"plots/real_and_fake.png", "checkpoints/last.ckpt", "checkpoints/best.ckpt"} < names
    assert [line["iteration"] for line in lines] == ([2] if interrupt_at else [2, 4, 5])
    for number, order in enumerate(ORDERS):
        folder = tmp_path / str(number)
        play(folder, order, interrupt_at)
        assert left(folder) == (names, lines), order
        for name in ("best", "last"):
            file = f"checkpoints/{name}.ckpt"
            own, its = (torch.load(each / file, weights_only=True) for each in (tmp_path / "given", folder))
            for part in ("global_step", "state_dict", "optimizer_states", "callbacks"):
                assert_same(own[part], its[part], f"{file} {part}")
