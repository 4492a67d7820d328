"""Mistakes at the command line: each gets one sentence, which says what to type instead, and leaves nothing behind.

`mistakes.txt` is the table: what was typed after `$`, then the exit code and the exact sentence. Those of its first part
are found before anything large is imported, those of its second part when the parts of a run are made. `make test`
takes every second one, `make slow` the others.
"""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from support.answering import answering
from support.command import front_door
from support.small_files import picture

TABLE = Path(__file__).with_name("mistakes.txt").read_text()
ROW = re.compile(r"^\$ (.*)\n(\d) (.*)$", re.M)
EARLY, LATE = ([match.groups() for match in ROW.finditer(part)] for part in TABLE.split("## When parts are made\n"))
MINE = """
from gan_lightning.types import PositiveInt

raise RuntimeError("this module was imported")


class Mine:
    def __init__(self, width: PositiveInt = 1, **rest) -> None: ...


class Narrow(Mine):
    def __init__(self, depth: int, width: PositiveInt = 2) -> None: ...
"""
"""A module of a user, which cannot be imported."""
THINGS = {
    "my pictures/0.png": "", "phone/1.heic": "", "pictures.rar": "",
    "experiment/unplaced.yaml": "defaults:\n  - override /model: gan\n",
    "experiment/twice.yaml": "# @package _global_\ndefaults:\n  - /model: gan\n",
    "experiment/below.yaml": "# @package _global_\ndefaults:\n  - model: gan\n",
}  # fmt: skip
"""Files of a user, with what they hold."""
REAL = ["seed = 3", "--seed 3", "seed=0,1"]
"""Mistakes that are also made in a process of their own."""
SLOW = [
    "model=DCGAN", "lr=1", "data.image_size=[64]", "model.loss=hinge", "experiment=demo loss=hinge", "sample run=nowhere",
    "model=cgan data=celeba",
]  # fmt: skip


def every_second_quick(rows):
    """Return the rows, of which every second one is slow."""
    return [pytest.param(*row, marks=pytest.mark.slow) if number % 2 else row for number, row in enumerate(rows)]


@pytest.fixture(scope="module")
def answer(tmp_path_factory):
    """Answers an early mistake, in a folder with a class and other things of the user, and what the folder then holds."""
    folder = tmp_path_factory.mktemp("mistakes")
    (folder / "mine.py").write_text(MINE)
    (folder / "conf" / "loss").mkdir(parents=True)
    own = "# @package model\nloss:\n  _target_: mine.Narrow\n  depth: 1\n  width: 2\n"
    (folder / "conf" / "loss" / "mine.yaml").write_text(own)
    for name, text in THINGS.items():
        (folder / "things" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "things" / name).write_text(text)
    with answering(folder) as ask:
        yield lambda typed: (
            ask(shlex.split(typed)),
            sorted(path.name for path in folder.iterdir() if path.name != "__pycache__"),
        )


def test_there_are_many_mistakes_and_none_twice():
    typed = [row[0] for row in (*EARLY, *LATE)]
    assert len(typed) == len(set(typed)) >= 80


@pytest.mark.parametrize(
    ("typed", "code", "sentence"), every_second_quick(EARLY), ids=lambda part: part if len(part) > 1 else ""
)
def test_a_mistake_gets_its_sentence_before_anything_large_is_imported_and_leaves_no_folder(
    typed, code, sentence, answer
):
    said, left = answer(typed)
    assert said == [int(code), f"error: {sentence}\n", []]
    assert left == ["conf", "mine.py", "things"]


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A run of two iterations, a checkpoint that was cut off, an empty folder, and some of pictures."""
    home = tmp_path_factory.mktemp("places")
    words = ["data=digits", "data.cache=off", "model=gan", "network=mlp", "data.image_size=8", "data.batch_size=4"]
    short = ["trainer=cpu", "trainer.max_steps=2", "callbacks=checkpoint", "logger=none"]
    assert front_door(*words, *short, f"hydra.run.dir={home / 'run'}") == 0
    (home / "empty").mkdir()
    (home / "half" / "B").mkdir(parents=True)
    of_pairs = [("half/A", 2), ("uneven/A", 3), ("uneven/B", 2)]
    for name, count in (("one", 1), ("squares", 3), ("unpaired/trainA", 1), ("unpaired/trainB", 1), *of_pairs):
        (home / name).mkdir(parents=True)
        for number in range(count):
            picture(number, 24, 24).save(home / name / f"{number}.png")
    (home / "torn.ckpt").write_bytes((home / "run" / "checkpoints" / "last.ckpt").read_bytes()[:20_000])
    return home


@pytest.mark.parametrize(
    ("typed", "code", "sentence"), every_second_quick(LATE), ids=lambda part: part if len(part) > 1 else ""
)
def test_what_only_the_parts_can_tell_gets_its_sentence_and_leaves_no_folder(
    typed, code, sentence, places, gan_lightning
):
    if ("trainer=gpu" in typed or "device=" in typed) and torch.accelerator.is_available():
        pytest.skip("a machine with an accelerator has other devices")
    shutil.copytree(places, ".", dirs_exist_ok=True)
    before = sorted(Path().rglob("*"))
    found, err = gan_lightning(*shlex.split(typed))
    assert [line for line in err.splitlines() if line.startswith("error: ")] == [f"error: {sentence}"]
    assert found == int(code)
    assert sorted(Path().rglob("*")) == before


@pytest.mark.parametrize("typed", [*REAL, *(pytest.param(each, marks=pytest.mark.slow) for each in SLOW)])
def test_a_mistake_made_in_a_process_of_its_own_says_the_same(typed):
    command = [sys.executable, "-m", "gan_lightning", *shlex.split(typed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    code, sentence = next(row[1:] for row in EARLY if row[0] == typed)
    assert (done.returncode, done.stderr, done.stdout) == (int(code), f"error: {sentence}\n", "")
    assert not list(Path().iterdir())
