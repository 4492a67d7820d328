"""The guard is silent where nothing is wrong: the tutorials, small, with several seeds."""

import json

import pytest

from support.command import front_door, the_run
from support.configuration import CONF

TUTORIALS = sorted(file.stem for file in (CONF / "experiment" / "tutorial").glob("*.yaml"))
WIDTHS = {"mlp_gan_mnist": 8, "dcgan_faces32": 8, "anime_dcgan": 8}
"""A quarter of each tutorial's width; 16 for those of width 64."""
SIZES = ["data.image_size=32", "data.batch_size=8", "data.num_workers=0"]
QUICK = [
    "trainer.accelerator=cpu", "trainer.max_steps=500", "trainer.max_epochs=-1", "trainer.log_every_n_steps=50",
    "callbacks=[guard]", "logger=none", "+trainer.enable_progress_bar=false", "+trainer.enable_checkpointing=false",
    "callbacks.guard.patience=300", "callbacks.guard.every_n_iterations=100",
]  # fmt: skip
MAY_BE_SAID = {"anime_dcgan": {"saturated"}}
"""Its five updates of D for each of G do saturate D."""


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("tutorial", TUTORIALS)
def test_a_healthy_run_hears_nothing_from_the_guard(tutorial, seed, record_property):
    translates = tutorial.startswith("cyclegan")
    width = (
        []
        if tutorial == "mlp_gan_mnist"
        else [f"model.{player}.width={WIDTHS.get(tutorial, 16)}" for player in ("generator", "discriminator")]
    )
    data = "data=photos_unpaired" if translates else "data=digits"
    without = ["~data.split"] if tutorial.endswith("celeba") and "jittor" in tutorial else []  # a key of CelebA alone
    words = [f"experiment=tutorial/{tutorial}", data, *SIZES, *QUICK, *width, *without, f"seed={seed}"]
    assert front_door(*words) == 0
    file = the_run() / "guard.jsonl"
    kinds = {json.loads(line)["kind"] for line in file.read_text().splitlines()} if file.exists() else set()
    record_property(f"{tutorial}, seed {seed}", ", ".join(kinds) or "nothing")
    assert kinds <= MAY_BE_SAID.get(tutorial, set())
