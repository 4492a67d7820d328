"""The lines of a report that make its run again."""

import json
import shlex
from pathlib import Path

import pytest

from gan_lightning.reports.making import Making, making_of
from gan_lightning.reports.run_files import RunFiles
from support.checkpoints import assert_same
from support.command import NARROW, front_door
from support.run_folders import checkpoint

GUARD = "callbacks.guard.attempt=1"
FILE = "old run/checkpoints/0000040.ckpt"
MADE = {
    "a new run": ([(0, ["model=gan", "seed=1"])], "", ["gan-lightning model=gan seed=1"], ""),
    "one that was interrupted": ([(0, ["model=gan"]), (7, []), (9, [])], "", ["gan-lightning model=gan"], ""),
    "one whose continuation was typed twice": (
        [(0, ["seed=1"]), (2, ["trainer.max_steps=4"]), (2, ["trainer.max_steps=4"])],
        "",
        ["gan-lightning run_dir=DIR seed=1", "gan-lightning resume=DIR trainer.max_steps=4  # from iteration 2"],
        "",
    ),
    "one that the guard rolled back": ([(0, ["seed=1"]), (7, [GUARD]), (7, [GUARD])], "", ["gan-lightning seed=1"], ""),
    "one that went on for longer": (
        [(0, ["seed=1"]), (1500, [GUARD]), (2000, ["trainer.max_steps=4000", "data.root=a b"])],
        "",
        [
            "gan-lightning run_dir=DIR seed=1",
            "gan-lightning resume=DIR trainer.max_steps=4000 'data.root=a b'  # from iteration 2,000",
        ],
        "",
    ),
    "one with the weights of another, which went on": (
        [(0, ["seed=1"]), (8, ["trainer.max_steps=9"])],
        FILE,
        [
            f"gan-lightning 'init_from={FILE}' run_dir=DIR seed=1",
            "gan-lightning resume=DIR trainer.max_steps=9  # from iteration 8",
        ],
        f"It began with the weights of {FILE}.",
    ),
    "a checkpoint that went on elsewhere": (
        [(40, ["trainer.max_steps=50"]), (45, [GUARD])],
        FILE,
        [f"gan-lightning 'resume={FILE}' trainer.max_steps=50"],
        f"It continued {FILE}, another run's checkpoint of iteration 40, in a new folder.",
    ),
}


@pytest.mark.parametrize("case", MADE)
def test_the_lines_say_what_was_typed_and_what_the_run_began_from(case):
    parts, parent, lines, began = MADE[case]
    record = {"parts": [{"iteration": at, "overrides": words} for at, words in parts], "parent": parent}
    assert making_of(record) == Making(began, lines, [])


def test_words_that_decide_what_is_executed_are_listed_beside_the_lines():
    part = {"iteration": 0, "overrides": ["seed=1", "model.generator._target_=mine.G", "--config-dir", "hydra.x=1"]}
    found = making_of({"parts": [part], "parent": ""})
    assert found.lines == ["gan-lightning seed=1"]
    assert found.left_out == ["model.generator._target_=mine.G", "--config-dir", "hydra.x=1"]


@pytest.mark.slow
def test_the_lines_of_a_report_make_the_run_again():
    words = [*NARROW, "callbacks.checkpoint.every_n_iterations=2"]
    assert front_door(*words, "seed=5", "trainer.max_steps=2", "hydra.run.dir=first") == 0
    assert front_door(*words, "init_from=first", "trainer.max_steps=4", "hydra.run.dir=run") == 0
    assert front_door("resume=run", "trainer.max_steps=6") == 0
    assert front_door("resume=run/checkpoints/0000004.ckpt", "trainer.max_steps=5", "hydra.run.dir=branch") == 0
    for name in ("run", "branch"):
        making = RunFiles(Path(name)).making()
        assert making.began
        for line in making.lines:
            _, *typed = shlex.split(line.replace("DIR", "again").partition("  #")[0])
            place = [] if "DIR" in line else ["run_dir=again_branch"]
            assert front_door(*typed, *place) == 0
        again = "again" if name == "run" else "again_branch"
        assert_same(checkpoint(again)["state_dict"], checkpoint(name)["state_dict"])
        record = json.loads(Path(again, "run.json").read_text())
        assert len(record["parts"]) == len(making.lines)
