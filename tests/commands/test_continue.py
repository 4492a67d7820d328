"""There is one way to continue: `resume=RUN` in the run's own folder, `resume=FILE` in a new one, `resume=auto`."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gan_lightning.files import hold, release
from support.cells import cells
from support.checkpoints import assert_same
from support.command import NARROW, front_door, the_run
from support.run_folders import checkpoint, files

TIMES = {"images_per_second"}
EVERY = ["callbacks.samples.every_n_iterations=1", "callbacks.checkpoint.every_n_iterations=2", "loss=least_squares"]


def rows(folder):
    """Return the lines of metrics.csv without times."""
    with Path(folder, "metrics.csv").open() as stream:
        return [{key: value for key, value in row.items() if key not in TIMES} for row in csv.DictReader(stream)]


def points(folder):
    """Return TensorBoard's scalars without times, and the steps of its images."""
    board = EventAccumulator(str(folder), {"images": 0, "tensors": 0, "scalars": 0}).Reload()
    tags = set(board.Tags()["scalars"]) - TIMES
    scalars = {tag: [(event.step, event.value) for event in board.Scalars(tag)] for tag in tags}
    return scalars, [event.step for event in board.Images("samples")], len(board.Tensors("configuration/text_summary"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run of six iterations in epochs of four, never interrupted, and one of four."""
    place = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_LIGHTNING_CACHE", str(place / "cache"))
        assert front_door(*NARROW, *EVERY, "trainer.max_steps=6", f"hydra.run.dir={place / 'six'}") == 0
        assert front_door(*NARROW, *EVERY, "trainer.max_steps=4", f"hydra.run.dir={place / 'four'}") == 0
    return place


@pytest.fixture
def four(whole, tmp_path):
    """A copy of the run of four iterations."""
    return Path(shutil.copytree(whole / "four", tmp_path / "four"))


def test_a_run_that_continues_has_one_curve_one_series_of_grids_and_the_weights_of_an_unbroken_one(whole, four):
    first = (four / "samples" / "0000002.png").stat().st_mtime_ns
    assert front_door(f"resume={four}", "trainer.max_steps=6") == 0
    assert not Path("outputs").exists(), "it continues in its own folder"
    six = whole / "six"
    for part in ("state_dict", "optimizer_states", "global_step", "epoch", "images_seen"):
        assert_same(checkpoint(six)[part], checkpoint(four)[part], part)
    assert rows(four) == rows(six)
    assert points(four) == points(six)
    names = [{file.name for file in (folder / "samples").iterdir()} for folder in (four, six)]
    assert names[0] == names[1]
    assert (four / "samples" / "0000002.png").stat().st_mtime_ns == first, "earlier grids stay"
    parts = json.loads((four / "run.json").read_text())["parts"]
    assert [(part["iteration"], part["overrides"][-1]) for part in parts] == [
        (0, "trainer.max_steps=4"),
        (4, "trainer.max_steps=6"),
    ]
    assert "continued from" in (four / "train.log").read_text()


@pytest.mark.slow
def test_a_run_that_continues_again_and_again_is_the_unbroken_one(whole, tmp_path):
    """At the ends of epochs and within them; Lightning alone counts the epochs of a resumed run differently."""
    run = tmp_path / "often"
    words = [*NARROW, *EVERY, "trainer.log_every_n_steps=1"]
    assert front_door(*words, "trainer.max_steps=4", f"hydra.run.dir={run}") == 0
    for steps in (6, 8, 12, 13):
        assert front_door(f"resume={run}", f"trainer.max_steps={steps}") == 0
    assert front_door(*words, "trainer.max_steps=13", "hydra.run.dir=unbroken") == 0
    for part in ("state_dict", "optimizer_states", "global_step", "epoch"):
        assert_same(checkpoint("unbroken")[part], checkpoint(run)[part], part)
    assert rows(run) == rows("unbroken")


def test_what_came_after_the_checkpoint_is_cut(whole, four):
    """As after a kill: the last checkpoint is of iteration 2, and everything else goes on to 4."""
    for name in ("0000004.ckpt", "last.ckpt"):
        (four / "checkpoints" / name).unlink()
    (four / "checkpoints" / "last.ckpt").hardlink_to(four / "checkpoints" / "0000002.ckpt")
    (event,) = four.glob("events.out.*")
    event.write_bytes(event.read_bytes()[:-7])  # the record that was being written
    (four / "plots").mkdir()
    unfinished = [four / folder / f".{16 * 'a'}.tmp" for folder in (".", "plots", "samples", "checkpoints")]
    for file in unfinished:
        file.write_bytes(b"half a file")
    assert front_door(f"resume={four}", "trainer.max_steps=6") == 0
    six = whole / "six"
    assert_same(checkpoint(six)["state_dict"], checkpoint(four)["state_dict"])
    assert rows(four) == rows(six)
    assert points(four) == points(six)
    assert not any(file.exists() for file in unfinished)


def test_a_checkpoint_continues_in_a_new_folder_that_knows_its_parent(whole, four):
    file = four / "checkpoints" / "0000002.ckpt"
    before = files(four)
    assert front_door(f"resume={file}", "trainer.max_steps=6") == 0
    new, six = the_run(), whole / "six"
    assert_same(checkpoint(six)["state_dict"], checkpoint(new)["state_dict"])
    assert rows(new) == rows(six)
    assert points(new) == points(six)
    record = json.loads((new / "run.json").read_text())
    assert record["parent"] == str(file)
    assert record["parts"] == [{"iteration": 2, "overrides": ["trainer.max_steps=6"]}]
    assert files(four) == before


REFUSED = {
    "another seed": (["seed=3"], "seed is 0 in the run and cannot change to 3"),
    "another data set": (["data=photos_unpaired"], "data.* is .* in the run and cannot change to .*init_from"),
    "another size of images": (["data.image_size=32"], "data.image_size is 16 in the run and cannot change to 32"),
    "another network": (["model.generator.width=9"], "was written by another model, .*init_from"),
    "nothing left to do": ([], "has done 4 iterations already; type trainer.max_steps=8"),
    "a misspelt key": (["model.generator.wdith=9"], "wdith is no key"),
    "a wrong value": (["trainer.max_steps=6", "callbacks.samples.nrow=0"], "nrow must be a whole number of at least 1"),
    "missing data": (["trainer.max_steps=6", "data.max_bad=-1"], "data.max_bad must be"),
    "a score that is not there": (
        ["trainer.max_steps=6", "metric=[modes]", "extractor=random", "callbacks.scores.follow=zzz"],
        "modes|follow",
    ),
    "another folder": (["hydra.run.dir=other"], "continues in its own folder"),
    "weights of another run": (["init_from=x"], "resume and init_from exclude one another"),
    "several jobs": (["-m", "trainer.max_steps=5,6"], "which several jobs of a sweep cannot share"),
}


@pytest.mark.parametrize("case", cells(REFUSED, quick=["another seed", "another network", "missing data"]))
def test_a_refused_continuation_leaves_every_byte_as_it_was(case, four, capfd):
    words, said = REFUSED[case]
    before = files(four)
    assert front_door(f"resume={four}", *words) == 2
    import re

    shown = " ".join(capfd.readouterr().err.split())
    assert re.search(said, shown), shown
    assert files(four) == before
    assert not Path("outputs").exists()


def test_an_existing_run_is_not_overwritten(four, capfd):
    before = files(four)
    assert front_door(*NARROW, f"hydra.run.dir={four}") == 2
    assert f"has a run already; continue it with resume={four}" in capfd.readouterr().err
    assert front_door(*NARROW, f"run_dir={four}") == 2
    assert files(four) == before


def test_a_run_that_another_process_writes_is_not_touched(four, capfd, monkeypatch):
    monkeypatch.setattr("gan_lightning.files.PATIENCE", 0.0)
    code = "import sys; from pathlib import Path; from gan_lightning.files import hold; hold(Path(sys.argv[1]), 'k'); print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code, four], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        other.stdout.readline()
        before = files(four)
        assert front_door(f"resume={four}", "trainer.max_steps=6") == 2
        assert f"is being written by another run (process {other.pid})" in capfd.readouterr().err
        assert files(four) == before
        other.communicate("\n")
    hold(four, "resume")
    release()


def test_run_dir_is_the_run_folder():
    assert front_door(*NARROW, "run_dir=here") == 0
    assert {"run.json", "train.log", "checkpoints"} <= {file.name for file in Path("here").iterdir()}
    assert not Path("outputs").exists()


def test_auto_continues_from_the_last_checkpoint_where_the_numbered_ones_are_gone(four):
    words = [*NARROW, *EVERY, "resume=auto", f"hydra.run.dir={four}"]
    for file in (four / "checkpoints").glob("0*.ckpt"):
        file.unlink()
    assert front_door(*words, "trainer.max_steps=6") == 0
    assert rows(four)[0]["step"] == "1"
    assert checkpoint(four)["global_step"] == 6


def test_auto_says_what_is_damaged_in_a_folder_of_its_own(four, capfd):
    for file in (four / "checkpoints").iterdir():
        file.write_bytes(b"PK")
    assert front_door(*NARROW, *EVERY, "resume=auto", f"hydra.run.dir={four}", "trainer.max_steps=6") == 2
    shown = capfd.readouterr().err
    assert "are damaged" in shown
    assert "has a run already" not in shown


def test_files_of_a_run_without_a_record_are_not_replaced(four, capfd):
    (four / "run.json").unlink()
    before = files(four)
    for more in [], ["resume=auto"]:
        assert front_door(*NARROW, "trainer.max_steps=1", f"hydra.run.dir={four}", *more) == 2
        assert "has files of a run, such as checkpoints/" in capfd.readouterr().err
    assert files(four) == before


def test_a_run_continues_on_the_same_images_alone(photos, capfd, monkeypatch):
    shutil.copytree(photos, "pictures")
    words = [*NARROW, "data=folder", "data.image_size=16", "data.batch_size=2", "hydra.run.dir=run"]
    assert front_door(*words, "data.root=pictures", "trainer.max_steps=1") == 0
    run = Path("run").absolute()
    Path("elsewhere/pictures").mkdir(parents=True)
    monkeypatch.chdir("elsewhere")
    assert front_door(f"resume={run}", "trainer.max_steps=2") == 0, "the folder of data is the run's, from anywhere"
    before = files(run)
    shutil.copy(run.parent / "pictures" / "c.webp", run.parent / "pictures" / "new.webp")
    assert front_door(f"resume={run}", "trainer.max_steps=3") == 2
    assert "the training images are not those that" in capfd.readouterr().err
    assert files(run) == before


def test_a_record_is_not_shown_by_hydras_flag(four, capfd):
    assert front_door(f"resume={four}", "--cfg", "job") == 2
    assert "read run.json in the run's folder" in capfd.readouterr().err


def test_a_new_run_begins_with_the_weights_that_fit(four, capfd):
    wider = ["model.generator.width=4", "model.discriminator.width=6", "ema=half_life", "trainer.max_steps=1"]
    assert front_door(*NARROW, *wider, f"init_from={four}", "model.generator_optimizer.lr=0") == 0
    shown = capfd.readouterr().out
    assert "not loaded: discriminator.net.0.weight is 6x1x4x4 here and 4x1x4x4 there" in shown
    source, new = checkpoint(four)["state_dict"], checkpoint(the_run())["state_dict"]
    weights = [name for name in source if name.startswith("generator.") and name.endswith(".weight")]
    assert weights
    for name in weights:
        assert torch.equal(source[name], new[name])
        assert torch.equal(source[name], new[f"ema.module.{name.removeprefix('generator.')}"])
    assert json.loads((the_run() / "run.json").read_text())["parent"] == str(four)


def test_init_from_another_kind_of_model_is_refused(four, capfd):
    other = ["model=gan", "network=mlp", "data=digits", *NARROW[:-2], "model.generator.width=3"]
    assert front_door(*other, f"init_from={four}") == 2
    assert "init_from: no weight of" in capfd.readouterr().err


@pytest.mark.slow
def test_two_processes_continue_together_in_one_folder():
    own = [word for word in (*NARROW, *EVERY) if not word.startswith("trainer.max_steps=")]
    words = [*own, "trainer=ddp", "trainer.accelerator=cpu", "resume=auto"]

    def started(*words):
        command = [sys.executable, "-m", "gan_lightning", *words]
        shown = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
        assert shown.returncode == 0, shown.stderr

    started(*words, "trainer.max_steps=4", "hydra.run.dir=run")
    started("resume=run", "trainer.max_steps=6")
    started(*words, "trainer.max_steps=8", "hydra.run.dir=run")
    started(*words, "trainer.max_steps=8", "hydra.run.dir=whole")
    assert not Path("outputs").exists()
    assert checkpoint("run")["global_step"] == 8
    assert_same(checkpoint("whole")["state_dict"], checkpoint("run")["state_dict"])
    assert rows("run") == rows("whole")
    assert [part["iteration"] for part in json.loads(Path("run/run.json").read_text())["parts"]] == [0, 4, 6]
