"""A run that is killed 20 times at random moments, and continued each time, is the undisturbed run."""

import csv
import json
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

import pytest
import torch

from support.checkpoints import assert_same
from support.drilling import ENDLESS, Drill, unfinished

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the other file system is /dev/shm"),
]
KILLS = 20
STEPS = 1000
RUN = [
    *ENDLESS, f"trainer.max_steps={STEPS}", "callbacks.checkpoint.every_n_iterations=10", "metric=[fid]",
    "callbacks.scores.every_n_iterations=50", "callbacks.scores.num_images=50", "callbacks.samples.every_n_iterations=100",
]  # fmt: skip
TIMES = {"images_per_second"}
"""Columns of metrics.csv that measure time."""


def state(run):
    return torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)


def scores(run):
    lines = [json.loads(line) for line in (run / "scores.jsonl").read_text().splitlines()]
    return [(line["iteration"], line["score"], line["value"]) for line in lines]


def table(run):
    """The rows of metrics.csv without times; rows of times alone are left out."""
    with (run / "metrics.csv").open(newline="") as stream:
        rows = [{key: value for key, value in row.items() if key not in TIMES} for row in csv.DictReader(stream)]
    return [row for row in rows if any(value for key, value in row.items() if key != "step")]


def newest(run):
    return max((int(file.stem) for file in run.glob("checkpoints/0*.ckpt")), default=0)


def kill_once(run, words, after, draw, temp):
    """Start or continue the run and kill it after an iteration: while a file is written, or at some moment."""
    drill = Drill(*words, TMPDIR=temp)
    drill.wait_for(lambda: newest(run) >= after)
    if draw.random() < 0.5:
        drill.wait_for(lambda: next(run.glob("checkpoints/.*.tmp"), None) or drill.process.poll() is not None)
    else:
        time.sleep(draw.uniform(0, 0.3))
    drill.process.send_signal(signal.SIGKILL)
    code, _ = drill.end()
    return code == -signal.SIGKILL


def test_a_run_that_is_killed_again_and_again_is_the_undisturbed_run(tmp_path):
    draw = random.Random(0)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    code, _ = Drill(*RUN, f"hydra.run.dir={whole}").end(300)
    assert code == 0
    with tempfile.TemporaryDirectory(dir="/dev/shm") as temp:
        assert Path(temp).stat().st_dev != tmp_path.stat().st_dev, "the temp folder is on another file system"
        words = [*RUN, f"hydra.run.dir={killed}", "resume=auto"]
        kills = [kill_once(killed, words, 45 * number, draw, temp) for number in range(KILLS)]
        assert kills == [True] * KILLS
        last = Drill(*words, TMPDIR=temp)
        code, _ = last.end(300)
        assert code == 0, last.shown
        assert [file for file in Path(temp).rglob("*") if file.is_file()] == []
    one, other = state(whole), state(killed)
    for part in ("global_step", "epoch", "images_seen", "state_dict", "optimizer_states", "callbacks"):
        assert_same(one[part], other[part], part)
    assert scores(killed) == scores(whole)
    assert table(killed) == table(whole)
    assert (killed / "losses.csv").read_text() == (whole / "losses.csv").read_text()
    assert unfinished(killed) == []
