"""The wheel: what is in it, and that it works where nothing else of this project is."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from support.configuration import CONF, ROOT
from support.small_files import picture

TINY = [
    "data.image_size=16", "data.batch_size=8", "trainer=cpu", "trainer.max_steps=2", "logger=none",
    "model.generator.width=4", "model.discriminator.width=4", "callbacks.samples.every_n_iterations=1",
]  # fmt: skip
OF_A_RUN = {
    "sample": ["num_images=3"],
    "interpolate": ["steps=3"],
    "neighbours": ["num_images=8", "extractor=random"],
    "animate": [],
    "export": [],
    "report": [],
    "evaluate": ["metric=[fid]", "extractor=random", "num_images=16"],
    "invert": ["input=one.png", "steps=2", "starts=1"],
}
ANSWER = """def per_image_squared_error(outputs, targets):
    return (outputs[:, 0] - targets).pow(2).mean()
"""


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


@pytest.fixture(scope="module")
def programs(wheel, tmp_path_factory):
    """The programs of an environment that has this one's libraries, but neither the checkout nor its editable install."""
    home = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    site = next((home / "lib").glob("python*/site-packages"))
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    pip = [sys.executable, "-m", "pip", "--python", str(home / "bin" / "python"), "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--no-index", str(wheel)], check=True, capture_output=True)
    return home / "bin"


@pytest.fixture
def shell(programs, tmp_path, monkeypatch):
    """Runs a program of that environment in a folder of its own, and returns what it says."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    place = tmp_path / "place"
    place.mkdir()
    monkeypatch.chdir(place)

    def run(program, *words):
        shown = subprocess.run([programs / program, *words], capture_output=True, text=True, check=False)
        assert shown.returncode == 0, f"{words}: {shown.stdout}{shown.stderr}"
        return shown.stdout + shown.stderr

    return run


def test_the_wheel_holds_the_package_with_its_configuration_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as content:
        shipped = {name for name in content.namelist() if ".dist-info/" not in name}
    own = [file for file in (ROOT / "gan_lightning").rglob("*") if file.is_file() and file.suffix != ".pyc"]
    wanted = {str(file.relative_to(ROOT)) for file in own}
    wanted |= {f"gan_lightning/conf/{file.relative_to(CONF)}" for file in CONF.rglob("*.yaml")}
    assert shipped == wanted
    assert {Path(name).suffix for name in shipped} == {".py", ".yaml", ".jinja", ".typed"}
    for name in ("py.typed", "reports/report.html.jinja", "exercises/own_objective.py", "recipes/recipe.py"):
        assert f"gan_lightning/{name}" in shipped


def test_the_wheel_works_from_a_fresh_environment_and_any_folder(shell, programs):
    where = shell("python", "-c", "import gan_lightning; print(gan_lightning.__file__)")
    assert Path(where.strip()).is_relative_to(programs.parent)
    asked = ["experiment=tutorial/anime_dcgan", "--cfg", "job"]
    assert shell("gan-lightning", *asked) == shell("python", "-m", "gan_lightning", *asked)
    completion = shell("gan-lightning", "--shell-completion", "install=bash")
    assert "complete -o nospace -o default -F hydra_bash_completion gan-lightning" in completion
    shell("gan-lightning", "debug=round", "data.batch_size=8", "data.image_size=16", "trainer=cpu")
    assert os.listdir() == ["outputs"]


@pytest.mark.slow
def test_the_demo_and_a_sweep_run_where_nothing_but_the_wheel_is_installed(shell):
    assert "\nCommands" in shell("gan-lightning", "--help")
    demo = ["trainer.max_steps=40", "callbacks.scores.num_images=64", "hydra.run.dir=demo"]
    assert "fd_classifier" in shell("gan-lightning", "experiment=demo", *demo)
    assert Path("demo/report.html").is_file()
    shell("gan-lightning", "-m", "seed=0,1", *TINY, "hydra.sweep.dir=sweep")
    assert len(list(Path("sweep").glob("*/report.html"))) == 2


@pytest.mark.slow
def test_each_command_that_uses_a_run_works_there(shell):
    picture(0, 16, 16).save("one.png")
    shell("gan-lightning", *TINY, "hydra.run.dir=run")
    shell("gan-lightning", *TINY, "seed=1", "hydra.run.dir=other")
    shell("gan-lightning", "resume=run", "trainer.max_steps=3")
    for command, words in OF_A_RUN.items():
        shell("gan-lightning", command, "run=run", *words)
    shell("gan-lightning", "evaluate", "run=other", *OF_A_RUN["evaluate"])
    assert "fd_random" in shell("gan-lightning", "compare", "run", "other")
    loaded = "import gan_lightning; print(tuple(gan_lightning.load('run', device='cpu').sample(2).shape))"
    assert shell("python", "-c", loaded).strip() == "(2, 1, 16, 16)"


@pytest.mark.slow
def test_your_own_pictures_answers_and_translations_work_there(shell):
    Path("pictures").mkdir()
    for number in range(40):
        picture(number, 40, 40).save(f"pictures/{number}.png")
    shell("gan-lightning", "check", "data=folder", "data.root=pictures", "data.image_size=16")
    shell("gan-lightning", "start", "pictures", "seconds=1", "hours=1000")
    assert Path("experiment/mine.yaml").is_file()
    Path("answer.py").write_text(ANSWER)
    assert "per_image_squared_error: right." in shell("gan-lightning", "grade", "answer.py")
    photos = ["model=cyclegan", "data=photos_unpaired", "data.image_size=32", "data.batch_size=2"]
    shell("gan-lightning", *photos, *TINY[2:], "hydra.run.dir=cycle")
    shell("gan-lightning", "translate", "run=cycle", "input=pictures", "output=translated")
    assert len(list(Path("translated").glob("*.png"))) == 40
