"""Every block of docs/extending.md does what the page says, in a folder outside of the package."""

import csv
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from support.command import front_door, the_run
from support.configuration import ROOT
from support.pages import BLOCK, DOCS, commands

FILES = dict(BLOCK.findall((DOCS / "extending.md").read_text()))
COMMANDS = [words[2:] for words in commands(DOCS / "extending.md", "PYTHONPATH=. ")]
SHORT = [
    "data.batch_size=8", "trainer.max_steps=4", "trainer.log_every_n_steps=1", "trainer=cpu", "callbacks.scores.num_images=8",
    "callbacks.samples.num_images=4", "callbacks.plots=null", "callbacks.report=null",
]  # fmt: skip


@pytest.fixture
def folder(monkeypatch):
    """The reader's folder, which is the current one, with a file of forty pictures."""
    for name, text in FILES.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    pixels = np.random.default_rng(0).integers(0, 256, (40, 16, 16), np.uint8)
    np.savez("pictures.npz", images=pixels, labels=np.arange(40) % 10)
    monkeypatch.syspath_prepend(Path.cwd())
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()), prepend=os.pathsep)  # of the jobs of a sweep
    yield
    for name in FILES:
        sys.modules.pop(Path(name).stem, None)


def test_the_page_has_a_part_of_each_kind():
    kinds = {Path(name).parent.name for name in FILES if name.startswith("conf/")}
    assert kinds >= {"loss", "penalty", "generator_penalty", "network", "data", "metric", "model", "experiment"}


def test_all_parts_of_the_page_train_together(folder):
    assert front_door("--config-dir", "conf", "experiment=all_mine", "generator_penalty=[spread]", *SHORT) == 0
    with (the_run() / "metrics.csv").open(newline="") as stream:
        logged = {name for row in csv.DictReader(stream) for name, value in row.items() if value}
    assert logged >= {
        "discriminator/real", "discriminator/fake", "generator/adversarial", "discriminator/drift", "generator/spread",
        "encoder/latents", "d_out/undecided",
    }  # fmt: skip
    scored = (the_run() / "scores.jsonl").read_text()
    assert "nearest_distance_random" in scored


@pytest.mark.parametrize("wrong", ["model.loss.detla=1", "model.loss.delta=-1"])
def test_a_wrong_argument_is_refused_as_the_page_says(wrong, folder, capfd):
    assert front_door("--config-dir", "conf", "loss=huber", wrong) == 2
    assert f"model.loss.{wrong.split('.')[2].split('=')[0]}" in capfd.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_each_command_of_the_page_runs(words, folder, small_mnist):
    short = [] if words[0] in ("check", "--help") else [word for word in SHORT if word.partition("=")[0] != words[-1]]
    if "data=mnist" in words:
        short += [f"data.root={small_mnist}"]
    if words[0] == "evaluate":
        assert front_door("--config-dir", "conf", "model=dcgan", *SHORT) == 0
        words, short = [word.replace("outputs/train/RUN", str(the_run())) for word in words], ["num_images=8"]
    if "-m" in words:
        short = [word for word in short if "null" not in word]
    assert front_door(words[0], "--config-dir", "conf", *words[1:], *short) == 0


@pytest.mark.parametrize("page", [DOCS / "extending.md", DOCS / "zh" / "extending.md"], ids=["en", "zh"])
def test_the_page_lists_every_type_with_a_bound_that_an_argument_may_have(page):
    source = (ROOT / "gan_lightning" / "types.py").read_text()
    types = re.findall(r"^(\w+) = (?:Annotated\[|float \| int)", source, re.M)
    assert sorted(re.findall(r"^\| `(\w+)` \|", page.read_text(), re.M)) == sorted(types)
