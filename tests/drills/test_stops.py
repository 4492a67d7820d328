"""Real runs that are stopped by real signals: each leaves a checkpoint, its exit code, and nothing else."""

import signal
import sys
import time
from pathlib import Path

import pytest
import torch

from support.drilling import CODES, ENDLESS, LONG_SCORES, Drill, unfinished

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc"),
]
CHECKPOINT = "run/checkpoints/last.ckpt"
RANKS = {1: ["main", "group"], 2: ["main", "group", "child"]}
MATRIX = [(name, ranks, target) for name in CODES for ranks, targets in RANKS.items() for target in targets]


def of_ranks(ranks):
    return ["trainer=ddp"] if ranks == 2 else []


def assert_stopped_gently(drill, name, record_property):
    code, took = drill.end()
    record_property(f"seconds from {name} to the end", f"{took:.1f}")
    assert code == CODES[name], drill.shown
    assert "stopping after this iteration" in drill.shown
    assert ("press Ctrl-C again" in drill.shown) == (name == "SIGINT") or "another process" in drill.shown
    assert "Traceback" not in drill.shown
    assert "gan-lightning resume=run" in drill.shown
    iteration = torch.load(CHECKPOINT, weights_only=True)["global_step"]
    assert f"stopped at iteration {iteration:,}" in drill.shown
    assert Path(f"run/samples/{iteration:07d}.png").is_file()
    assert Path("run/plots/real_and_fake.png").is_file()
    assert unfinished("run") == []


@pytest.mark.parametrize(("name", "ranks", "target"), MATRIX)
def test_a_signal_ends_a_run_gently_whichever_process_it_comes_to(name, ranks, target, record_property):
    drill = Drill(*ENDLESS, *of_ranks(ranks), "hydra.run.dir=run")
    drill.wait_for_file(CHECKPOINT)
    drill.send(name, target)
    assert_stopped_gently(drill, name, record_property)


@pytest.mark.parametrize("name", CODES)
def test_data_workers_do_not_mind(name, record_property):
    drill = Drill(*ENDLESS, "data.num_workers=2", "hydra.run.dir=run")
    drill.wait_for_file(CHECKPOINT)
    drill.send(name, "group")
    assert_stopped_gently(drill, name, record_property)
    assert "DataLoader" not in drill.shown


@pytest.mark.parametrize(("ranks", "target"), [(1, "main"), (2, "main"), (2, "child")])
def test_scores_under_way_are_abandoned(ranks, target, record_property):
    drill = Drill(
        *ENDLESS, *LONG_SCORES, *of_ranks(ranks), "hydra.run.dir=run", "callbacks.samples.every_n_iterations=9"
    )
    drill.wait_for_file("run/samples/0000009.png")
    time.sleep(2)  # one iteration later the scores begin, which take hours
    drill.send("SIGTERM", target)
    assert_stopped_gently(drill, "SIGTERM", record_property)
    assert "no scores at iteration 10" in drill.shown
    assert torch.load(CHECKPOINT, weights_only=True)["callbacks"]["Scores"]["owed"] == 10


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("target", ["main", "group"])
def test_a_second_ctrl_c_stops_at_once_and_says_what_is_kept(ranks, target, record_property):
    drill = Drill(
        *ENDLESS, *LONG_SCORES, *of_ranks(ranks), "hydra.run.dir=run", "callbacks.samples.every_n_iterations=9"
    )
    drill.wait_for_file("run/samples/0000009.png")
    time.sleep(2)
    drill.send("SIGINT", target)
    drill.wait_for(lambda: "press Ctrl-C again" in drill.shown)
    drill.send("SIGINT", target)
    code, took = drill.end()
    record_property("seconds", f"{took:.1f}")
    assert code == 130, drill.shown
    assert "Traceback" not in drill.shown
    assert unfinished("run") == []


@pytest.mark.parametrize("name", CODES)
@pytest.mark.parametrize("after", [0.15, 0.5, 1, 2, 3, 4, 5])
def test_a_signal_during_start_up_gets_one_line_and_its_code(name, after, record_property):
    drill = Drill(*ENDLESS, "hydra.run.dir=run")
    time.sleep(after)
    drill.send(name)
    code, took = drill.end()
    record_property(f"seconds from {name} to the end", f"{took:.1f}")
    python_itself = drill.shown.startswith("Fatal Python error")  # it takes a moment to begin
    assert code in (CODES[name], -signal.Signals[name]) or python_itself, drill.shown
    assert "Traceback" not in drill.shown or after < 0.3
    assert unfinished("run") == []


@pytest.mark.parametrize("target", ["main", "group"])
def test_a_signal_during_the_start_of_two_processes_ends_both(target):
    drill = Drill(*ENDLESS, "trainer=ddp", "hydra.run.dir=run")
    drill.wait_for(lambda: len(drill.alive()) > 1)
    time.sleep(2)
    drill.send("SIGTERM", target)
    code, _ = drill.end()
    assert code == 143, drill.shown
    assert "Traceback" not in drill.shown


@pytest.mark.parametrize("name", CODES)
def test_a_sweep_stops_its_job_gently_and_starts_no_other(name):
    drill = Drill("-m", *ENDLESS, "seed=1,2,3", "hydra.sweep.dir=sweep")
    drill.wait_for_file("sweep/*/checkpoints/last.ckpt")
    drill.send(name)
    code, _ = drill.end()
    assert code == CODES[name], drill.shown
    assert "sweep stopped: 0 of 3 jobs finished, 1 stopped or failed, 2 not started" in drill.shown
    assert drill.shown.count("stopping after this iteration") == 1
    assert "Traceback" not in drill.shown
    (job,) = [folder for folder in Path("sweep").iterdir() if folder.is_dir()]
    iteration = torch.load(job / "checkpoints" / "last.ckpt", weights_only=True)["global_step"]
    assert f"stopped at iteration {iteration:,}" in drill.shown


def test_a_sweep_that_is_killed_stops_its_job_gently():
    drill = Drill("-m", *ENDLESS, "seed=1,2", "hydra.sweep.dir=sweep")
    drill.wait_for_file("sweep/*/checkpoints/last.ckpt")
    drill.send("SIGKILL")
    drill.process.wait(30)
    for _ in range(1500):
        if not drill.alive():
            break
        time.sleep(0.02)
    assert drill.alive() == []
    assert "stopped at iteration" in drill.shown
    assert unfinished("sweep") == []


def test_a_killed_first_process_takes_its_ranks_and_workers_with_it():
    drill = Drill(*ENDLESS, "trainer=ddp", "data.num_workers=1", "hydra.run.dir=run")
    drill.wait_for_file(CHECKPOINT)
    drill.send("SIGKILL")
    code, _ = drill.end()
    assert code == -signal.SIGKILL
