"""A run that the guard rolls back goes on from its last good checkpoint."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from support.command import DRAWN, front_door
from support.configuration import ROOT

WORDS = [*DRAWN, "trainer.max_steps=8", "callbacks.checkpoint.every_n_iterations=2", "hydra.run.dir=run"]
ROLL_BACK = "callbacks.guard.on_failure=rollback"


def poison(attempts):
    return f"+callbacks.poison={{_target_: support.poison.Poison, iteration: 6, attempts: {attempts}}}"


def assert_it_went_on(attempt):
    last = torch.load("run/checkpoints/last.ckpt", weights_only=True)
    assert last["global_step"] == 8
    assert all(weight.isfinite().all() for weight in last["state_dict"].values())
    assert last["callbacks"]["Guard"]["attempt"] == attempt
    lines = [json.loads(line) for line in Path("run/guard.jsonl").read_text().splitlines()]
    assert [(line["iteration"], line["kind"]) for line in lines] == [(4, "rolled back")] * attempt
    rates = {group["lr"] for state in last["optimizer_states"] for group in state["param_groups"]}
    assert rates == {2e-4 * 0.5**attempt}
    with Path("run/metrics.csv").open() as stream:
        assert [int(row["step"]) for row in csv.DictReader(stream)] == [1, 2, 3, 4, 5, 6, 7, 8]
    record = json.loads(Path("run/run.json").read_text())
    assert record["config"]["callbacks"]["guard"]["attempt"] == attempt
    parts = record["parts"]
    assert [(part["iteration"], part["overrides"][-1]) for part in parts[1:]] == [
        (4, f"callbacks.guard.attempt={number + 1}") for number in range(attempt)
    ]


def test_a_run_goes_back_to_its_last_good_checkpoint_with_lower_rates_and_other_noise():
    assert front_door(*WORDS, ROLL_BACK, poison(2)) == 0
    assert_it_went_on(2)


@pytest.mark.slow
def test_a_continued_run_keeps_what_a_rollback_has_changed():
    assert front_door(*WORDS, ROLL_BACK, poison(1)) == 0
    assert front_door("resume=run", "trainer.max_steps=9", poison(1), ROLL_BACK) == 0
    last = torch.load("run/checkpoints/last.ckpt", weights_only=True)
    assert last["callbacks"]["Guard"]["attempt"] == 1
    assert {group["lr"] for state in last["optimizer_states"] for group in state["param_groups"]} == {1e-4}


@pytest.mark.slow
def test_without_a_checkpoint_a_run_starts_again():
    assert front_door(*WORDS, ROLL_BACK, poison(1), "callbacks.checkpoint.every_n_iterations=100") == 0
    with Path("run/metrics.csv").open() as stream:
        assert [int(row["step"]) for row in csv.DictReader(stream)] == [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.slow
def test_after_the_last_attempt_a_run_stops_and_says_how_to_continue(capfd):
    assert front_door(*WORDS, ROLL_BACK, poison(9), "callbacks.guard.max_rollbacks=1") == 3
    shown = " ".join(capfd.readouterr().err.split())
    assert "the weight discriminator" in shown
    assert "at iteration 6, so the run has diverged" in shown
    assert "the checkpoint of iteration 4 is kept: gan-lightning resume=" in shown
    assert torch.load("run/checkpoints/last.ckpt", weights_only=True)["global_step"] == 4
    assert Path("run/losses.csv").read_text().splitlines()[-1].startswith("6,"), "with the losses that went wrong"
    assert Path("run/plots/losses.png").exists()
    assert front_door("resume=run", poison(9), ROLL_BACK) == 3
    parts = json.loads(Path("run/run.json").read_text())["parts"]
    assert [part["iteration"] for part in parts] == [0, 4, 4], "a continuation counts the rollbacks of all parts"


@pytest.mark.slow
def test_two_processes_go_back_together():
    command = [
        sys.executable,
        "-m",
        "gan_lightning",
        *WORDS,
        ROLL_BACK,
        poison(1),
        "trainer=ddp",
        "trainer.accelerator=cpu",
    ]
    path = os.pathsep.join([str(ROOT / "tests"), os.environ["PYTHONPATH"]])
    shown = subprocess.run(
        command, capture_output=True, text=True, timeout=180, check=False, env={**os.environ, "PYTHONPATH": path}
    )
    assert shown.returncode == 0, shown.stderr
    assert_it_went_on(1)
