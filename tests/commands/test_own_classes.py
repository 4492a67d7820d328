"""A class of one's own and its YAML file: each mistake in them gets one sentence, and a run knows their source."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

import gan_lightning
from support.answering import answers
from support.command import front_door

LOSS = """from gan_lightning.losses.adversarial import AdversarialLoss


class Mine(AdversarialLoss):
    def __init__(self, scale=1.0, gain=1.0):
        self.scale, self.gain = scale, gain

    def discriminator(self, critic, real, fake):
        return {"real": (critic(real) - 1).square().mean(), "fake": critic(fake).square().mean()}

    def generator(self, critic, real, fake):
        return {"adversarial": self.gain * (critic(fake) - 1).square().mean()}


class Plain:
    pass


class NoMean(Mine):
    def discriminator(self, critic, real, fake):
        return {"real": (critic(real) - 1).square(), "fake": critic(fake).mean()}


class NoNames(Mine):
    def discriminator(self, critic, real, fake):
        return critic(real).mean()


class NoNumber(Mine):
    def discriminator(self, critic, real, fake):
        return {"real": (critic(real) * 0 - 1).log().mean()}
"""
HEAD = "# @package model.loss\n"
FILES = {
    "losses.py": LOSS,
    "unfinished.py": "class Loss(object)\n    pass\n",
    "needing.py": "import json\n\nimport no_such_module\n\n\nclass Loss:\n    pass\n",
    "conf/loss/mine.yaml": f"{HEAD}_target_: losses.Mine\nscale: 1.0\n",
    "conf/loss/tab.yaml": f"{HEAD}_target_: losses.Mine\n\tscale: 1.0\n",
    "conf/loss/nowhere.yaml": "# A comment.\n# @package model.loss\n_target_: losses.Mine\n",
    "conf/loss/of_none.yaml": f"{HEAD}scale: 1.0\n",
    "conf/loss/based.yaml": f"{HEAD}defaults: [mine, _self_]\nscale: 2.0\n",
    "conf/loss/unfinished.yaml": f"{HEAD}_target_: unfinished.Loss\n",
    "conf/loss/needing.yaml": f"{HEAD}_target_: needing.Loss\n",
    "conf/network/half.yaml": "# @package model\ngenerator: {_target_: losses.Plain}\ndiscriminator: {width: 1}\n",
    "conf/penalty/nowhere.yaml": "mine: {_target_: losses.Plain}\n",
    "conf/penalty/of_none.yaml": "# @package model.penalties\nmine: {weight: 1}\n",
    "conf/experiment/nowhere.yaml": "model: {latent_dim: 4}\n",
    **{
        f"conf/loss/{name.lower()}.yaml": f"{HEAD}_target_: losses.{name}\n"
        for name in ("Plain", "NoMean", "NoNames", "NoNumber")
    },
}
EARLY = {
    "loss=tab": (
        "conf/loss/tab.yaml is no YAML: line 3: found character '\\t' that cannot start any token; indent by spaces and "
        "not by tabs"
    ),
    "loss=nowhere": (
        "loss=nowhere: conf/loss/nowhere.yaml does not say where its content goes; write # @package model.loss as its "
        "first line"
    ),
    "experiment=nowhere": (
        "experiment=nowhere: conf/experiment/nowhere.yaml does not say where its content goes; write # @package _global_ "
        "as its first line"
    ),
    "loss=of_none": (
        "loss=of_none: conf/loss/of_none.yaml gives model.loss no class; write _target_: MODULE.CLASS in it"
    ),
    "network=half": (
        "network=half: conf/network/half.yaml gives model.discriminator no class; write _target_: MODULE.CLASS in it "
        "below discriminator:"
    ),
    "penalty=[r1,nowhere]": (
        "penalty=nowhere: conf/penalty/nowhere.yaml does not say where its content goes; write # @package model.penalties "
        "as its first line"
    ),
    "penalty=[of_none]": (
        "penalty=of_none: conf/penalty/of_none.yaml gives model.penalties.mine no class; write _target_: MODULE.CLASS in "
        "it below mine:"
    ),
    "loss=unfinished": (
        "model.loss: unfinished.Loss cannot be imported; line 1 of {folder}/unfinished.py: SyntaxError: expected ':'"
    ),
    "loss=mine model.loss.gain=2": "model.loss.gain is not listed by its YAML file; type +model.loss.gain=2",
    "loss=based model.loss.gain=2": "model.loss.gain is not listed by its YAML file; type +model.loss.gain=2",
    "loss=mine model.loss.other=2": "model.loss.other is no key of the configuration; model.loss has scale, so leave it out",
    "-m seed=0,1 loss=of_none": (
        "loss=of_none: conf/loss/of_none.yaml gives model.loss no class; write _target_: MODULE.CLASS in it\n"
        "no job is started"
    ),
}
SHORT = [
    "model=gan", "network=mlp", "data.image_size=8", "data.batch_size=4", "model.generator.width=4", "trainer=cpu",
    "model.discriminator.width=4", "trainer.max_steps=2", "callbacks=[checkpoint,guard]", "logger=none",
]  # fmt: skip
LATE = {
    "needing": (
        2, "model.loss: needing.Loss cannot be imported; line 3 of {folder}/needing.py: ModuleNotFoundError: No module "
        "named 'no_such_module'",
    ),
    "plain": (
        2, "model.loss must be of a class that is derived from AdversarialLoss; got Plain; begin it with class "
        "Plain(AdversarialLoss):, which is imported from gan_lightning.losses.adversarial",
    ),
    "nomean": (2, "the term discriminator/real must be a scalar, as .mean() makes it; got the shape [4, 1]"),
    "nonames": (2, 'a loss must return terms by name, such as {{"real": ...}}; got Tensor'),
    "nonumber": (
        3, "the term discriminator/real is NaN or infinite at iteration 1, so it is the term itself: try it without a "
        "log, a root or a division, and look at its inputs; no checkpoint was written, so start a new run",
    ),
}  # fmt: skip
FOUND_BEFORE_TRAINING = ("needing", "plain")


def write(folder):
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.fixture(scope="module")
def early(tmp_path_factory):
    """What is said to each early mistake, and what the folder then holds."""
    folder = tmp_path_factory.mktemp("early")
    write(folder)
    found = answers([["--config-dir", "conf", *typed.split()] for typed in EARLY], folder)
    left = {path.name for path in folder.iterdir()} - {"__pycache__"}
    return folder, dict(zip(EARLY, found, strict=True)), left


@pytest.mark.parametrize("typed", EARLY)
def test_a_mistake_in_ones_own_files_gets_its_sentence_before_anything_large_is_imported(typed, early):
    folder, said, _ = early
    sentence = EARLY[typed].replace("{folder}", str(folder))
    assert said[typed] == [2, f"error: {sentence}\n", []]


def test_early_mistakes_leave_no_folder(early):
    assert early[2] == {Path(name).parts[0] for name in FILES}


@pytest.fixture(scope="module")
def late(tmp_path_factory):
    """What is said to each mistake that only the class itself can tell, in one process."""
    folder = tmp_path_factory.mktemp("late")
    write(folder)
    lines = [["--config-dir", "conf", f"loss={name}", *SHORT, f"hydra.run.dir=runs/{name}"] for name in LATE]
    return folder, dict(zip(LATE, answers(lines, folder), strict=True))


@pytest.mark.parametrize("name", LATE)
def test_a_mistake_in_ones_own_class_gets_its_sentence(name, late):
    folder, said = late
    code, sentence = LATE[name]
    assert said[name][0] == code
    assert [line for line in said[name][1].splitlines() if line.startswith("error: ")] == [
        f"error: {sentence.format(folder=folder)}"
    ]
    assert (folder / "runs" / name).exists() is (name not in FOUND_BEFORE_TRAINING)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a run by a class of one's own, and what its end has printed."""
    folder = tmp_path_factory.mktemp("made")
    write(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_LIGHTNING_CACHE", str(folder / "cache"))
        patch.syspath_prepend(folder)
        patch.chdir(folder)
        assert front_door("--config-dir", "conf", "loss=mine", *SHORT, "hydra.run.dir=run") == 0
    sys.modules.pop("losses")
    return folder


@pytest.fixture
def run(made, monkeypatch):
    """A copy of that run in the current folder, with the class beside it."""
    shutil.copytree(made, ".", dirs_exist_ok=True)
    monkeypatch.syspath_prepend(Path.cwd())
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([".", os.environ["PYTHONPATH"]]))
    yield Path("run")
    sys.modules.pop("losses", None)


RESUMED = ["--config-dir", "conf", "resume=run", "trainer.max_steps=3"]


def test_a_run_that_goes_on_with_another_source_says_so(run, capfd):
    before = json.loads((run / "run.json").read_text())["sources"]
    assert before.keys() == {"losses"}
    assert front_door(*RESUMED) == 0
    shown = capfd.readouterr()
    assert "has changed since" not in shown.out + shown.err
    assert "PYTHONPATH=. gan-lightning resume=run trainer.max_steps=6 --config-dir conf" in shown.out
    assert front_door("compare", "run") == 2
    assert (
        "gan-lightning evaluate --config-dir FOLDER run=run, or train with metric=[fid]; FOLDER"
        in capfd.readouterr().err
    )
    Path("losses.py").write_text(LOSS.replace("- 1)", "- 2)"))
    assert front_door(*RESUMED[:3], "trainer.max_steps=4") == 0
    shown = capfd.readouterr()
    assert "resume: the source of losses has changed since the run was trained" in shown.out + shown.err
    after = json.loads((run / "run.json").read_text())["sources"]
    assert after.keys() == before.keys()
    assert after != before


def test_runs_of_another_source_are_no_repetitions_of_a_run(run):
    from gan_lightning.config.run_folders import configuration_of

    content = json.loads((run / "run.json").read_text())
    for name, source in (("same", content["sources"]["losses"]), ("other", "0" * 64)):
        Path(name).mkdir()
        Path(name, "run.json").write_text(json.dumps(content | {"sources": {"losses": source}}))
    settings, text, _ = configuration_of(run)
    assert configuration_of(Path("same"))[1] == text
    of_other, other, _ = configuration_of(Path("other"))
    assert other != text
    differing = {key for key in of_other.values if of_other.values[key] != settings.values[key]}
    assert differing == {"source_of_losses"}


def test_python_is_told_which_argument_names_ones_own_folder(run):
    with pytest.raises(
        ValueError, match="^run=run was made with loss/mine.yaml, which is not among the installed"
    ) as told:
        gan_lightning.load(run, device="cpu")
    assert str(told.value).endswith("give config_dir=FOLDER, the folder of one's own that has it")
    Path("empty").mkdir()
    with pytest.raises(ValueError, match="which is not in empty"):
        gan_lightning.load(run, config_dir="empty", device="cpu")
    assert gan_lightning.load(run, config_dir="conf", device="cpu").iteration == 2


def test_how_python_finds_a_module_in_the_working_directory_is_said(capfd):
    Path("own.py").touch()
    assert front_door("model.loss._target_=own.Mine") == 2
    said = "there is no own.Mine on PYTHONPATH; this folder holds own, so type PYTHONPATH=. in front\n"
    assert capfd.readouterr().err.endswith(said)
    for other in ("gan_lightning.losses.adversarialx.Mine", ".own.Mine", "elsewhere.Mine"):
        assert front_door(f"model.loss._target_={other}") == 2
        assert capfd.readouterr().err.endswith("is the folder of its module on PYTHONPATH?\n")
