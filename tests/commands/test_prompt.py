"""What is wrong with a command line is said before torch is imported, and before there is a folder."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.command import NARROW
from support.configuration import ROOT
from support.scored_runs import scored
from support.small_files import picture

ANSWERING = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
from gan_lightning.__main__ import main

for words in json.loads(sys.argv[1]):
    sys.argv = ["gan-lightning", *words]
    before, said, code = set(sys.modules), io.StringIO(), 0
    with redirect_stderr(said), redirect_stdout(io.StringIO()):
        try:
            main()
        except SystemExit as stop:
            code = stop.code
    large = {"torch", "lightning", "torchvision", "mine"} & (set(sys.modules) - before)
    print(json.dumps([code, said.getvalue(), sorted(large)]))
"""
"""Answers command lines in one process: for each an exit code, what was said, and what of the large is imported."""
MINE = """
from gan_lightning.types import PositiveInt

raise RuntimeError("this module was imported")


class Mine:
    def __init__(self, width: PositiveInt = 1, **rest) -> None: ...


class Narrow(Mine):
    def __init__(self, depth: int, width: PositiveInt = 2) -> None: ...
"""
"""A module of a user, which cannot be imported."""


def answers(lines, folder):
    """Exit code, sentence and imported modules for each command line, given in a folder without others."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT), os.environ["PYTHONPATH"]])}
    command = [sys.executable, "-c", ANSWERING, json.dumps(lines)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


WRONG = {
    "a key": (["trainer.max_epoch=1"], "did you mean trainer.max_epochs"),
    "an added key": (["+model.foo=1"], "model.foo is not known"),
    "an added key of torch's": (["+model.generator_optimizer.momentum=1"], "generator_optimizer.momentum is not known"),
    "an option": (["model=dcgn"], "did you mean dcgan?"),
    "a type": (["trainer.max_epochs=abc"], "trainer.max_epochs must be a whole number or null; got 'abc'"),
    "a type of torch's": (
        ["model.generator_optimizer.lr=abc"],
        "generator_optimizer.lr must be a number or Tensor; got",
    ),
    "one of a few": (["trainer.precision=17"], "trainer.precision must be"),
    "a bound": (["data.batch_size=0"], "data.batch_size must be a whole number of at least 1; got 0"),
    "a seed": (["seed=-1"], "seed must be a whole number from 0"),
    "a folder of data": (["data=folder", "data.root=nowhere"], "data.root must name a folder that exists; there is no"),
    "a run": (["resume=nowhere"], "resume must be a run folder, a checkpoint or auto; there is no nowhere"),
    "weights": (["init_from=nowhere"], "init_from must be a checkpoint or a run folder with checkpoints; there is no"),
    "a user's key": (["--config-dir", "conf", "loss=mine", "+model.loss.deep=1"], "model.loss.deep is not known; did"),
    "a user's bound": (["--config-dir=conf", "loss=mine", "model.loss.width=0"], "model.loss.width must be a whole"),
    "a user's class": (["--config-dir=conf", "loss=mine", "model.loss._target_=mine.Mne"], "there is no mine.Mne"),
    "a run to evaluate": (["evaluate", "run=nowhere"], "run must be a checkpoint or a run folder with checkpoints"),
    "a number to evaluate": (
        ["evaluate", "run=.", "num_images=many"],
        "num_images must be a whole number of at least 1",
    ),
    "an image folder": (["evaluate", "real=nowhere", "fake=."], "real must name a folder with images; there is no"),
    "images to translate": (
        ["translate", "run=.", "input=nowhere", "output=x"],
        "input must name a folder with images",
    ),
    "data to check": (["check", "data=folder", "data.root=nowhere"], "data.root must name a folder that exists"),
    "runs to compare": (
        ["compare", "nowhere"],
        "runs must name run folders, or a folder that holds some; there is no folder",
    ),
    "a run to report": (["report", "run=nowhere"], "run must be a run folder; there is no nowhere"),
}


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prompt")
    (folder / "mine.py").write_text(MINE)
    (folder / "conf" / "loss").mkdir(parents=True)
    own = "# @package model\nloss:\n  _target_: mine.Narrow\n  depth: 1\n  width: 2\n"
    (folder / "conf" / "loss" / "mine.yaml").write_text(own)
    found = dict(zip(WRONG, answers([words for words, _ in WRONG.values()], folder), strict=True))
    return found, sorted(path.name for path in folder.iterdir() if path.name != "__pycache__")


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_line_gets_its_sentence_without_an_import(case, said):
    code, sentence, imported = said[0][case]
    assert WRONG[case][1] in sentence
    assert sentence.count("\n") == 1
    assert code == 2
    assert imported == []


def test_a_wrong_line_leaves_no_folder(said):
    assert said[1] == ["conf", "mine.py"]


BEFORE_THE_FOLDER = {
    "a size": (["data.image_size=28"], "model.generator: DCGAN doubles"),
    "a kind": (["data=photos_paired", "data.image_size=32"], "gives batches of Aligned"),
    "labels": (["network=cgan"], "takes latents and labels"),
    "an optimizer": (["model.generator_optimizer.lr=-1"], "model.generator_optimizer cannot be made"),
    "a checkpoint": (["init_from=empty"], "init_from"),
}


@pytest.mark.parametrize("case", BEFORE_THE_FOLDER)
def test_what_a_constructor_tells_is_said_before_there_is_a_folder(case, gan_lightning):
    words, sentence = BEFORE_THE_FOLDER[case]
    Path("empty").mkdir()
    code, err = gan_lightning(*words, "hydra.run.dir=made", "data.cache_dir=cache")
    assert code == 2
    assert sentence in err
    assert sorted(path.name for path in Path().iterdir()) == ["empty"]


def test_a_run_has_the_folder_and_the_files_that_hydra_makes(gan_lightning):
    code, _ = gan_lightning(*NARROW, "hydra.run.dir=made", "hydra.job.chdir=true", "trainer.max_steps=1")
    assert code == 0
    assert Path.cwd().name == "cwd"
    assert {file.name for file in Path("made/.hydra").iterdir()} == {"config.yaml", "hydra.yaml", "overrides.yaml"}
    assert (Path("made") / "train.log").is_file()


def test_neither_runs_that_are_compared_or_reported_nor_help_need_torch(tmp_path):
    folders = [str(Path(scored(name, {1: 0.5})).absolute()) for name in ("a", "b")]
    helps = [["--help"], ["help", "sample"], ["-sc", "query=bash"]]
    lines = [["compare", *folders], ["report", f"run={folders[0]}"], ["--cfg", "job"], *helps]
    found = answers(lines, tmp_path)
    assert [(code, imported) for code, _, imported in found] == [(0, [])] * len(lines), found


def test_an_animation_needs_neither_torch_nor_a_checkpoint(tmp_path):
    (tmp_path / "run" / "samples").mkdir(parents=True)
    for number in range(3):
        picture(number).save(tmp_path / "run" / "samples" / f"{number:07d}.png")
    (tmp_path / "run" / "losses.csv").write_text("iteration,generator\n1,0.5\n2,0.25\n")
    ((code, said, imported),) = answers([["animate", "run=run", "output=out", "losses=true"]], tmp_path)
    assert code == 0, said
    assert imported == []
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"animation.gif", "animation.webp", "strip.png"}
