"""What the house promises about its own code."""

import ast
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest
from hydra.utils import get_class
from lightning import LightningModule
from omegaconf import OmegaConf

from gan_lightning.models.game import AdversarialGame
from support.configuration import CONF, ROOT

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
    needed = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    for requirement in needed:
        line = next(line for line in text.splitlines() if f'"{requirement}"' in line)
        assert "#" in line, f"{requirement} has a floor without a reason"
    assert project["requires-python"] == ">=3.11,<3.14"
    assert any("!=2.6.2,!=2.6.3" in requirement for requirement in needed)


def test_what_demo_and_experiments_show_is_made_by_the_run():
    tracked = subprocess.run(["git", "ls-files", "outputs"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert tracked.stdout.split() in (["outputs/README.md"], [])


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    source = tmp_path_factory.mktemp("source")
    for name in ("gan_lightning", "conf"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(source / "dist"), str(source)]
    subprocess.run(build, check=True, capture_output=True)
    (file,) = (source / "dist").glob("*.whl")
    return file


def test_the_wheel_holds_the_whole_configuration(wheel):
    with zipfile.ZipFile(wheel) as content:
        shipped = {name for name in content.namelist() if name.startswith("gan_lightning/conf/")}
    assert shipped == {f"gan_lightning/conf/{file.relative_to(CONF)}" for file in CONF.rglob("*.yaml")}


def test_the_wheel_holds_the_page_of_reports(wheel):
    with zipfile.ZipFile(wheel) as content:
        assert "gan_lightning/reports/report.html.jinja" in content.namelist()


@pytest.mark.slow
def test_the_wheel_works_from_a_fresh_environment_and_any_folder(wheel, tmp_path, monkeypatch):
    """The environment has this one's libraries, but neither the checkout nor its editable install."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    home = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    site = next((home / "lib").glob("python*/site-packages"))
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    pip = [sys.executable, "-m", "pip", "--python", str(home / "bin" / "python"), "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--no-index", str(wheel)], check=True, capture_output=True)

    def run(*command):
        shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert shown.returncode == 0, shown.stderr
        return shown.stdout

    where = run(home / "bin" / "python", "-c", "import gan_lightning; print(gan_lightning.__file__)")
    assert Path(where.strip()).is_relative_to(home)
    asked = [home / "bin" / "gan-lightning", "experiment=tutorial/anime_dcgan", "--cfg", "job"]
    assert run(*asked) == run(home / "bin" / "python", "-m", "gan_lightning", *asked[1:])
    completion = run(home / "bin" / "gan-lightning", "--shell-completion", "install=bash")
    assert "complete -o nospace -o default -F hydra_bash_completion gan-lightning" in completion
    run(home / "bin" / "gan-lightning", "debug=round", "data.batch_size=8", "data.image_size=16", "trainer=cpu")
    assert sorted(path.name for path in tmp_path.iterdir() if path.name not in ("cwd", "cache")) == ["outputs", "venv"]
