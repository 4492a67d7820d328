"""A run divided among processes is the run: noise, order, pools and gradients, from the command line."""

import subprocess
import sys

import torch

from support.command import front_door

SMALL = [
    "model=cyclegan", "data=unpaired", "data.image_size=32", "data.batch_size=2", "data.flip=true",
    "data.load_size=36", "model.generator.width=2", "model.discriminator.width=2", "model.pool_size=3",
    "trainer.precision=64-true", "trainer.max_steps=8", "callbacks=checkpoint", "logger=none",
    "+trainer.enable_progress_bar=false",
]  # fmt: skip


def last_checkpoint(folder, *words):
    words = [*SMALL, *words, "trainer.accelerator=cpu", f"hydra.run.dir={folder}"]
    if "trainer=ddp" in words:  # the first process repeats its command line for the second
        command = [sys.executable, "-m", "gan_lightning", *words]
        shown = subprocess.run(command, capture_output=True, text=True, check=False)
        assert shown.returncode == 0, shown.stderr
    else:
        assert front_door(*words) == 0
    return torch.load(f"{folder}/checkpoints/last.ckpt", weights_only=True)


def test_two_processes_play_the_game_of_one(tmp_path, two_domains):
    """In float64, because Adam turns rounding into steps; two processes halve each batch and share the pools."""
    one = last_checkpoint(tmp_path / "one", f"data.root={two_domains}")
    two = last_checkpoint(tmp_path / "two", f"data.root={two_domains}", "trainer=ddp")
    assert one["global_step"] == two["global_step"] == 8
    assert one["images_seen"] == two["images_seen"] == 16
    for name, weight in one["state_dict"].items():
        torch.testing.assert_close(two["state_dict"][name], weight, rtol=0, atol=1e-6, msg=name)
    for field in "xy":
        assert len(one["pools"][field]) == 3
        for mine, its in zip(one["pools"][field], two["pools"][field], strict=True):
            torch.testing.assert_close(its, mine, rtol=0, atol=1e-6)
    other = last_checkpoint(tmp_path / "other", f"data.root={two_domains}", "seed=1")
    assert not torch.allclose(other["pools"]["x"][0], one["pools"]["x"][0], atol=1e-3)
