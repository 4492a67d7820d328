"""What a researcher adds is one class and one YAML file outside of the package, reached by Hydra's --config-dir."""

import csv
import os
import subprocess
import sys
from collections import defaultdict
from itertools import zip_longest
from pathlib import Path

import pytest
import torch

from support.command import front_door

OUTSIDE = Path(__file__).resolve().parents[1] / "support" / "extensions"
COMMON = [
    "--config-dir", OUTSIDE / "conf", "data.batch_size=8", "model.latent_dim=4", "trainer.accelerator=cpu",
    "trainer.max_steps=8", "trainer.log_every_n_steps=1", "logger=csv", "trainer.precision=64-true",
    "+trainer.enable_progress_bar=false",
]  # fmt: skip
ASKED = [
    *COMMON, "data=digits", "data.image_size=8", "network=mlp", "model.generator.width=4", "model.generator.dropout=0",
    "model.discriminator.width=4", "model.discriminator.dropout=0", "callbacks=checkpoint",
]  # fmt: skip


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs the command in this process; returns the last checkpoint and the logged scalars by iteration."""
    monkeypatch.syspath_prepend(OUTSIDE)

    def play(*words, asked=ASKED):
        folder = tmp_path / f"run_{len(list(tmp_path.glob('run_*')))}"
        assert front_door(*asked, *words, f"hydra.run.dir={folder}") == 0
        return read(folder)

    return play


def read(folder):
    rows = defaultdict(dict)
    with (folder / "metrics.csv").open(newline="") as stream:
        for row in csv.DictReader(stream):
            rows[int(row["step"])] |= {name: float(value) for name, value in row.items() if value}
    return torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True), rows


def test_a_third_player_has_a_network_an_optimizer_and_terms_of_its_own(run):
    kept, rows = run("model=encoder_gan")
    losses = [rows[iteration]["encoder/latents"] for iteration in range(1, 9)]
    assert losses[-1] < losses[0]
    assert [rows[iteration]["encoder/loss"] for iteration in range(1, 9)] == losses
    assert len(kept["optimizer_states"]) == 3
    assert kept["global_step"] == 8, "three players, one clock"
    plain, others = run("model=gan")
    shared = [name for name in plain["state_dict"] if name.startswith(("generator", "discriminator"))]
    assert all(torch.equal(plain["state_dict"][name], kept["state_dict"][name]) for name in shared)
    assert others[8]["discriminator/loss"] == rows[8]["discriminator/loss"]


def test_a_regularizer_of_g_is_asked_every_fourth_iteration_with_its_weight_scaled(run):
    kept, rows = run("generator_penalty=[orthogonal]")
    assert [iteration for iteration, row in rows.items() if "generator/orthogonal" in row] == [1, 5]
    assert int(kept["state_dict"]["regularizers.generator.orthogonal.calls"]) == 2
    _, always = run("generator_penalty=[orthogonal]", "model.generator_penalties.orthogonal.every_n_iterations=1")
    assert rows[1]["generator/orthogonal"] == pytest.approx(4 * always[1]["generator/orthogonal"])
    assert len([row for row in always.values() if "generator/orthogonal" in row]) == 8


@pytest.mark.parametrize("penalty", ["", "r1"])
def test_an_adaptive_augmentation_adapts_to_real_images_after_each_step_of_d_and_keeps_its_state(penalty, run):
    """Also beside R1, whose second backward pass needs what the first one saw."""
    kept, rows = run("augment=adaptive_fading", f"penalty=[{penalty}]")
    outputs = [rows[iteration]["d_out/real"] for iteration in range(1, 9)]
    assert float(kept["state_dict"]["augment.level"]) == pytest.approx(1 - 0.1 * sum(outputs), abs=0.01)
    assert rows[1]["d_out/real"] == run("augment=none")[1][1]["d_out/real"], "the first step sees images as they are"


def test_a_loss_that_concatenates_real_and_fake_is_logged_as_one_that_does_not(run):
    _, together = run("loss=concatenated")
    _, apart = run("loss=squared_error")
    for one, other in zip_longest(together.values(), apart.values()):
        for name in ("d_out/real", "d_out/fake", "d_out/fake_for_generator", "discriminator/loss", "generator/loss"):
            if name in other:
                assert one[name] == pytest.approx(other[name], rel=1e-5)


def test_a_data_set_a_network_a_penalty_and_a_metric_are_one_class_and_one_file_each(run):
    parts = [
        "data=stripes",
        "network=linear",
        "penalty=[small_logits]",
        "metric=[mean_distance]",
        "~callbacks.progress",
    ]
    kept, rows = run(*parts, "callbacks=default", "callbacks.scores.num_images=8", asked=COMMON)
    assert kept["state_dict"]["generator.0.weight"].shape == (256, 4)
    assert {"scores/mean_distance_random", "discriminator/small_logits"} <= rows[8].keys()


PARTS = {
    "a third player": "model=encoder_gan",
    "a loss in one pass": "loss=concatenated",
    "an adaptive augmentation": "augment=adaptive_fading",
    "a regularizer of G": "generator_penalty=[orthogonal]",
}


@pytest.mark.slow
@pytest.mark.parametrize("parts", [*PARTS, "all of them"])
def test_each_plays_on_two_processes_as_on_one(parts, tmp_path):
    chosen = PARTS.values() if parts == "all of them" else [PARTS[parts]]

    def kept(folder, *words):
        command = [sys.executable, "-m", "gan_lightning", *ASKED, *chosen, *words, f"hydra.run.dir={folder}"]
        paths = os.pathsep.join(filter(None, [str(OUTSIDE), os.environ.get("PYTHONPATH")]))
        shown = subprocess.run(
            list(map(str, command)), env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, check=False
        )
        assert shown.returncode == 0, shown.stderr
        return read(folder)

    one, of_one = kept(tmp_path / "one")
    two, of_two = kept(tmp_path / "two", "trainer=ddp", "trainer.accelerator=cpu")
    for name, weight in one["state_dict"].items():
        torch.testing.assert_close(two["state_dict"][name], weight, rtol=0, atol=1e-6, msg=name)
    assert of_one.keys() == of_two.keys()
    assert all("d_out/real" in row and "d_out/fake" in row for row in of_two.values())
