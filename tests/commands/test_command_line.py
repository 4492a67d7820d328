"""The command line as users run it: what it does and what it leaves behind."""

import csv
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from support.cells import cells
from support.command import DRAWN, the_run
from support.configuration import TINY


def test_a_run_leaves_everything_in_its_folder_and_nothing_beside_it(gan_lightning):
    code, err = gan_lightning(
        *DRAWN, "trainer.max_steps=4", "callbacks.samples.every_n_iterations=2", "loss=least_squares"
    )
    assert code == 0, err
    run = the_run()
    assert os.listdir() == ["outputs"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d-\d{6}_dcgan_digits", run.name)
    assert {file.name for file in (run / "samples").iterdir()} == {
        "0000000.png",
        "0000002.png",
        "0000004.png",
        "real.png",
    }
    assert {file.name for file in (run / "checkpoints").iterdir()} == {"0000004.ckpt", "last.ckpt"}
    assert {file.name for file in (run / "plots").iterdir()} == {"losses.png", "outputs.png", "real_and_fake.png"}
    assert {file.name for file in (run / ".hydra").iterdir()} == {"config.yaml", "hydra.yaml", "overrides.yaml"}
    log = (run / "train.log").read_text()
    assert log.count("run folder:") == 1
    assert "litlogger" not in log

    with (run / "metrics.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    columns = set(rows[0])
    assert {"discriminator/real", "discriminator/fake", "discriminator/loss", "generator/loss"} <= columns
    assert {"d_out/real", "d_out/fake", "d_out/fake_for_generator", "images_seen"} <= columns
    assert [int(row["images_seen"]) for row in rows if row["generator/loss"]] == [8, 16, 24, 32]

    board = EventAccumulator(str(run), {"images": 0, "tensors": 0, "scalars": 0}).Reload()
    tags = board.Tags()
    assert [event.step for event in board.Images("samples")] == [0, 2, 4]
    assert [event.step for event in board.Scalars("generator/loss")] == [1, 2, 3, 4]
    assert len(board.Images("real")) == 1
    assert {"configuration/text_summary", "custom_scalars__config__"} <= set(tags["tensors"])
    assert not any("(" in tag for tag in tags["scalars"])

    grid = Image.open(run / "samples" / "0000004.png")
    assert grid.height >= 64, "16-pixel images are enlarged"
    checkpoint = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    assert checkpoint["global_step"] == 4
    assert checkpoint["hyper_parameters"]["model"]["latent_dim"] == 100


def test_a_run_that_is_done_is_not_resumed(gan_lightning):
    gan_lightning(*DRAWN)
    code, err = gan_lightning(f"resume={the_run()}")
    assert code == 2
    assert "has done 2 iterations already; type trainer.max_steps=4" in err


@pytest.mark.parametrize("limit", cells(["00:00:00:01", "{seconds: 1}"], quick=["{seconds: 1}"]))
def test_a_run_whose_time_is_spent_is_not_resumed(limit, gan_lightning):
    endless = ["trainer.max_steps=-1", "trainer.max_epochs=-1"]
    code, err = gan_lightning(*DRAWN, *endless, f"trainer.max_time={limit}")
    assert code == 0, err
    code, err = gan_lightning(f"resume={the_run()}")
    assert code == 2
    assert "has trained for 1 seconds already; raise trainer.max_time, which is 1 for all parts of a run" in err


def test_a_callback_set_to_null_is_left_out(gan_lightning):
    code, err = gan_lightning(*DRAWN, "callbacks.plots=null", "logger.csv=null")
    assert code == 0, err
    assert not (the_run() / "plots").exists()
    assert not (the_run() / "metrics.csv").exists()
    assert (the_run() / "samples").exists()


def test_ctrl_c_ends_a_run_with_all_its_files_and_says_how_to_continue():
    words = [*DRAWN, "trainer.max_steps=100000", "trainer.max_epochs=-1"]
    running = subprocess.Popen([sys.executable, "-m", "gan_lightning", *words], stdout=subprocess.PIPE, text=True)
    while not list(Path().glob("outputs/train/*/samples/real.png")):
        assert running.poll() is None
        time.sleep(0.2)
    running.send_signal(signal.SIGINT)
    shown = " ".join(running.communicate(timeout=60)[0].split())
    assert running.returncode == 130
    assert "stopped at iteration" in shown
    assert f"gan-lightning resume={the_run()}" in shown
    step = torch.load(the_run() / "checkpoints" / "last.ckpt", weights_only=True)["global_step"]
    assert (the_run() / "samples" / f"{step:07d}.png").is_file()
    assert (the_run() / "plots" / "real_and_fake.png").is_file()
    assert (the_run() / "report.html").is_file()


def test_a_checkpoint_of_another_model_is_refused_with_the_first_difference(gan_lightning):
    gan_lightning(*DRAWN)
    code, err = gan_lightning(*DRAWN, "model.latent_dim=7", f"resume={the_run() / 'checkpoints' / 'last.ckpt'}")
    assert code == 2
    assert "by another model, in which generator.net.1.weight has the shape [100, 8, 4, 4], and here it has the" in err


def test_an_experiment_may_set_a_callback_that_is_not_chosen(gan_lightning):
    code, err = gan_lightning("experiment=demo", *TINY[:-1], "callbacks=none", "data.cache=off")
    assert code == 0, err
    assert not (the_run() / "samples").exists()


def test_paths_with_any_characters_can_be_given(gan_lightning, faces, tmp_path):
    odd = tmp_path / "图片 a=b, it's"
    odd.symlink_to(faces)
    code, err = gan_lightning(*DRAWN, "data=folder", f"data.root={odd}")
    assert code == 0, err


def command(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "gan_lightning", *arguments],
        capture_output=True, text=True, env={**os.environ, **environment}, timeout=120, check=False,
    )  # fmt: skip


def test_the_composed_configuration_is_shown_without_training():
    shown = command("experiment=demo", "--cfg", "job")
    assert shown.returncode == 0
    assert "max_steps: 1500" in shown.stdout
    assert os.listdir() == []


def test_a_sweep_runs_each_job_in_its_own_folder_and_outlives_a_failed_one():
    Path("sweep").mkdir()
    (Path("sweep") / "1_seed=0").touch()  # a file where the first job's folder should be
    small = [
        *(word for word in TINY[:-1] if "max_steps" not in word),
        "model.generator.width=4",
        "model.discriminator.width=4",
        "callbacks=checkpoint",
    ]
    sweep = command("-m", "seed=0,1", *small, "logger=none", "trainer.max_steps=1", "hydra.sweep.dir=sweep")
    assert sweep.returncode == 1
    assert sweep.stderr.count("\n") == 1, sweep.stderr
    assert "error: hydra.run.dir must name a folder that can be written" in sweep.stderr
    assert "1 of 2 finished\njob 1, seed=0, failed: its error is above\n" in sweep.stdout
    (job,) = (path for path in Path("sweep").iterdir() if path.is_dir())
    assert job.name == "2_seed=1"
    assert (job / "checkpoints" / "last.ckpt").is_file()
    assert os.listdir() == ["sweep"]


def test_runs_that_start_together_do_not_meet():
    running = [
        subprocess.Popen([sys.executable, "-m", "gan_lightning", *DRAWN], stdout=subprocess.DEVNULL) for _ in range(2)
    ]
    assert [run.wait(120) for run in running] == [0, 0]
    assert len(os.listdir("outputs/train")) == 2


@pytest.mark.parametrize(
    ("main", "code", "out"),
    [
        ("lambda: print('said', end='')", 0, "said"),
        ("lambda: sys.exit(7)", 7, ""),
        ("lambda: atexit.register(print, 'later', end='')", 0, "later"),
        ("lambda: sys.stdout.close()", 0, ""),
        ("lambda: 1 / 0", 1, ""),
    ],
)
def test_a_program_ends_with_its_code_after_all_is_written(main, code, out):
    lines = f"import atexit, sys; from gan_lightning import __main__; __main__.main = {main}; __main__.program()"
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (code, out)
    assert ("ZeroDivisionError" in done.stderr) if code == 1 else not done.stderr
