"""What the house promises about its own code."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from hydra.utils import get_class
from lightning import LightningModule
from omegaconf import OmegaConf

from gan_lightning.models.game import AdversarialGame
from support.configuration import ROOT

ROOMS = ("gan_lightning", "tests", "examples", "benchmarks", "docs")
SOURCES = sorted((ROOT / "gan_lightning").rglob("*.py"))


def calls(name):
    """Where an attribute of that name is called, as (file, line)."""
    for file in SOURCES:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name:
                yield file.name, node


def test_nothing_runs_backward_past_the_strategy():
    """The exercises are plain loops, as the tutorials have them."""
    assert {file for file, _ in calls("backward")} <= {
        file.name for file in (ROOT / "gan_lightning" / "exercises").iterdir()
    }
    assert [file for file, _ in calls("manual_backward")] == ["game.py"]


def test_checkpoints_are_loaded_without_running_what_is_in_them():
    for _, node in calls("load"):
        for keyword in node.keywords:
            if keyword.arg == "weights_only":
                assert keyword.value.value is True
    assert not any("weights_only=False" in file.read_text() for file in SOURCES)


def test_no_loss_takes_probabilities():
    assert not any(re.search(r"\bBCELoss\(|binary_cross_entropy\(", file.read_text()) for file in SOURCES)
    assert not any("Sigmoid" in file.read_text() for file in (ROOT / "gan_lightning" / "networks").glob("*.py"))


def test_the_training_step_exists_once():
    defined = [
        file.name
        for file in SOURCES
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name == "training_step"
    ]
    assert defined == ["game.py"]


def test_no_python_file_is_longer_than_three_hundred_lines():
    tracked = [file for room in ROOMS for file in (ROOT / room).rglob("*.py")]
    assert len(tracked) > 200
    assert [f"{file}: {count}" for file in tracked if (count := len(file.read_text().splitlines())) > 300] == []


def test_docstrings_are_understood_without_the_name_above_them():
    fragments = re.compile(r'"""(Of|Without|That|Those|Whose|Than|Over) ')
    assert [file.name for file in SOURCES if fragments.search(file.read_text())] == []


def test_variants_are_three_levels_with_signatures_that_an_editor_lists():
    """H5: LightningModule, the game, the variant; no `**options: Any` hides what a class takes."""
    for file in sorted((ROOT / "conf" / "model").glob("*.yaml")):
        target = OmegaConf.load(file).get("model", {}).get("_target_")
        if target:
            own, game, module, *_ = get_class(target).__mro__
            assert (game, module) == (AdversarialGame, LightningModule), own
    for file in SOURCES:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef) and node.args.kwarg:
                assert ast.unparse(node.args.kwarg.annotation) != "Any", f"{file.name}: {node.name}"


def test_kinds_of_networks_are_said_and_not_guessed():
    assert list(calls("hasattr")) == []
    assert not any("hasattr(" in file.read_text() for file in SOURCES)


def test_one_place_locks_and_syncs():
    """H7: the atomic write, the lock and the hashed name are in files.py."""
    for words in ("FileLock(", "os.fsync(", ".tmp"):
        assert [file.name for file in SOURCES if words in file.read_text()] == ["files.py"], words


def test_callbacks_do_not_look_for_each_other():
    """H8: no callback imports another's class."""
    callbacks = ROOT / "gan_lightning" / "callbacks"
    shared = {"bar", "cadence", "checkpoint_io", "finiteness", "pace", "symptoms"}  # none of them holds a callback
    for file in callbacks.glob("*.py"):
        found = re.findall(r"from gan_lightning\.callbacks\.(\w+) import ([\w, ]+)", file.read_text())
        imported = {name for room, names in found if room not in shared for name in names.split(", ")}
        assert not {name for name in imported if name[0].isupper() and not name.isupper()}, file


def test_imports_keep_to_the_floors():
    tool = Path(sys.executable).with_name("lint-imports")
    shown = subprocess.run([tool, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stdout


def test_every_dependency_floor_says_why():
    text = (ROOT / "pyproject.toml").read_text()
    project = tomllib.loads(text)["project"]
    needed = [
        *project["dependencies"],
        *(each for extra in ("dev", "docs") for each in project["optional-dependencies"][extra]),
    ]
    for requirement in needed:
        line = next(line for line in text.splitlines() if f'"{requirement}"' in line)
        assert "#" in line, f"{requirement} has a floor without a reason"
    assert project["requires-python"] == ">=3.11,<3.14"
    assert any("!=2.6.2,!=2.6.3" in requirement for requirement in needed)


def test_what_demo_and_experiments_show_is_made_by_the_run():
    tracked = subprocess.run(["git", "ls-files", "outputs"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert tracked.stdout.split() in (["outputs/README.md"], [])
