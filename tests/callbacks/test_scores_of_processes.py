"""Scores of a run of two processes."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from gan_lightning.evaluation.records import ScoreFile, ScoringFailure
from support.command import NARROW
from support.scoring import iterations


def test_two_processes_share_the_work_and_write_once(tmp_path):
    """The runs are in float64, because Adam turns rounding into steps, and without what differs among processes by
    intent: batch statistics and dropout."""
    words = [
        *NARROW, "model=gan", "network=mlp", "model.generator.dropout=0", "model.discriminator.dropout=0", "trainer=ddp", "metric=[fid,kid]", "trainer.max_steps=3", "callbacks.scores.every_n_iterations=2",
        "callbacks.scores.num_images=25", "trainer.precision=64-true", "hydra.run.dir=run",
    ]  # fmt: skip
    command = [sys.executable, "-m", "gan_lightning", *words]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert shown.returncode == 0, shown.stderr
    found = ScoreFile(Path("run/scores.jsonl")).read()
    counts = [(each.iteration, each.n_fake, each.n_real) for each in found if each.score == "fd_random"]
    assert counts == [(2, 25, 1438), (3, 25, 1438)]
    assert Path("run/checkpoints/best.ckpt").is_file()
    alone = [word for word in words if word not in ("trainer=ddp", "hydra.run.dir=run")]
    shown = subprocess.run([*command[:3], *alone, "hydra.run.dir=alone"], capture_output=True, timeout=180, check=False)
    assert shown.returncode == 0, shown.stderr
    expected = ScoreFile(Path("alone/scores.jsonl")).read()
    for score, tolerance in (("fd_random", 1e-6), ("kd_random", 1e-6)):
        values = [[each.value for each in records if each.score == score] for records in (found, expected)]
        assert values[0] == pytest.approx(values[1], rel=tolerance), score
        assert len(values[0]) == 2


BROKEN = """
import os, sys
from gan_lightning import __main__
from gan_lightning.evaluation import scorer

def out_of_memory(model, *_):
    if model.trainer.global_step == 3:
        raise RuntimeError("out of memory")
    yield from images(model, *_)

images = scorer.sample_images
if os.environ.get("LOCAL_RANK") == "1":
    scorer.sample_images = out_of_memory
__main__.main()
"""


@pytest.mark.slow
def test_an_error_in_one_of_two_processes_at_the_end_costs_the_score_and_not_the_checkpoint(tmp_path):
    Path("broken.py").write_text(BROKEN)
    words = [
        *NARROW, "trainer=ddp", "trainer.accelerator=cpu", "metric=[fid]", "trainer.max_steps=3",
        "callbacks.scores.every_n_iterations=2", "callbacks.scores.num_images=25", "hydra.run.dir=run",
    ]  # fmt: skip
    command = [sys.executable, "broken.py", *words]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert shown.returncode == 0, shown.stderr
    assert "no scores at iteration 3: out of memory" in shown.stdout
    assert iterations("run") == [2]
    assert ScoreFile(Path("run/scores.jsonl")).failures() == [ScoringFailure(3, "out of memory")]
    assert torch.load("run/checkpoints/last.ckpt", weights_only=True)["global_step"] == 3
