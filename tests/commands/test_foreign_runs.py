"""A run folder or a checkpoint from elsewhere is data: nothing in it is executed, and it says not where to write."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

from gan_lightning.config.record import RunRecord
from gan_lightning.config.restoring import restored_config
from support.command import DRAWN, NARROW, front_door
from support.small_files import picture

PAYLOADS = {
    "torch.load": "{_target_: torch.load, f: RUN/evil.pt, weights_only: false}",
    "numpy.load": "{_target_: numpy.load, file: RUN/evil.npy, allow_pickle: true}",
    "pandas.read_pickle": "{_target_: pandas.read_pickle, filepath_or_buffer: RUN/evil.pkl}",
    "joblib.load": "{_target_: joblib.load, filename: RUN/evil.pkl}",
    "Lightning's loader": "{_target_: lightning.fabric.utilities.cloud_io._load, path_or_url: RUN/evil.pt}",
    "eval": "{_target_: builtins.eval, _args_: [\"open('executed', 'w')\"]}",
    "below a list": "[{a: {_target_: torch.load, f: RUN/evil.pt, weights_only: false}}]",
}
OVERRIDES = {
    "a class": ("+callbacks.x={_target_: torch.load, f: evil.pt, weights_only: false}", "names what is called"),
    "a class as a key": ("model._target_=torch.load", "names what is called"),
    "a search path": ("hydra.searchpath=[file:///tmp]", "is a setting of Hydra"),
    "another launcher": ("hydra/launcher=basic", "is a setting of Hydra"),
    "several jobs": ("-m", "is a flag"),
    "nothing readable": ("a b = {", "is none that can be read"),
}
CHOICES = [
    "+hydra.callbacks.evil={_target_: builtins.eval, _args_: [\"open('executed', 'w')\"]}",
    "hydra/launcher=basic", "hydra.searchpath=[evil]", "--config-dir=evil", "-m", "run_dir=/tmp/evil", "seed=3",
    "callbacks.samples.folder=/tmp/evil", "data.cache_dir=${oc.env:HOME}", "data.download=true", "logger@hydra.x=csv",
    "model=dcgan,gan", "experiment=../../tmp/evil", "+x={_target_: torch.load}",
]  # fmt: skip
CONFIGS = {
    "a class for a new callback": (("callbacks", "x"), {"_target_": "torch.load"}, "names what is called"),
    "a class in a list": (("trainer", "x"), [{"_target_": "torch.load"}], "names what is called"),
    "a class for a plain value": (("model", "latent_dim"), {"_target_": "torch.load"}, "names what is called"),
    "an environment variable": (("data", "root"), "${oc.env:HOME}", "would be evaluated"),
    "a folder for grids": (("callbacks", "samples", "tag"), "/etc/grids", "may be a place to write to"),
    "a folder above": (("logger", "csv", "version"), "..", "may be a place to write to"),
}


class Executed:
    def __reduce__(self):
        return open, ("executed", "w")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of three iterations."""
    folder = tmp_path_factory.mktemp("foreign") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_LIGHTNING_CACHE", str(folder.parent / "cache"))
        assert front_door(*DRAWN, "trainer.max_steps=3", f"hydra.run.dir={folder}") == 0
    return folder


@pytest.fixture
def run(trained):
    """A copy of the run in the working directory, with pickles that create the file `executed`."""
    shutil.copytree(trained, "run")
    for name in ("evil.pt", "evil.pkl", "evil.npy"):
        torch.save(Executed(), Path("run", name))
    return Path("run").absolute()


def change_record(run, change):
    """Change the record in run.json and in the checkpoint."""
    content = json.loads((run / "run.json").read_text())
    change(content)
    (run / "run.json").write_text(json.dumps(content))
    for file in (run / "checkpoints").glob("*.ckpt"):
        checkpoint = torch.load(file, weights_only=True)
        own = dict(content)
        checkpoint["hyper_parameters"] = {**own.pop("config"), "run": own}
        torch.save(checkpoint, file)


def commands(run):
    """Every command that makes a run's objects again."""
    return [
        [f"resume={run}", "trainer.max_steps=5"],
        [f"resume={run}/checkpoints/last.ckpt", "trainer.max_steps=5", "hydra.run.dir=new"],
        ["evaluate", f"run={run}", "num_images=8"],
        ["translate", f"run={run}", f"input={run}/samples", "output=out"],
    ]


def contents(folder):
    return {str(file): file.read_bytes() for file in sorted(Path(folder).rglob("*")) if file.is_file()}


def assert_refused(run, said, capfd):
    before = contents(run)
    for words in commands(run):
        capfd.readouterr()
        assert front_door(*words) == 2, words
        shown = capfd.readouterr().err
        assert said in " ".join(shown.split())
        assert shown.count("\n") == 1
    assert contents(run) == before
    assert not Path("executed").exists()


def evil_override(run, payload):
    return f"+callbacks.x={PAYLOADS[payload].replace('RUN', str(run))}"


def test_a_recorded_override_that_loads_a_pickle_is_refused_by_every_command(run, capfd):
    change_record(run, lambda content: content["parts"][0]["overrides"].append(evil_override(run, "eval")))
    assert_refused(run, "names what is called", capfd)


def test_a_recorded_choice_that_names_a_folder_above_is_refused_by_every_command(run, capfd):
    change_record(run, lambda content: content["choices"].append("experiment=../../tmp/evil"))
    assert_refused(run, "is no choice of an option", capfd)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_recorded_override_that_loads_a_pickle_is_refused(payload, run):
    change_record(run, lambda content: content["parts"][0]["overrides"].append(evil_override(run, payload)))
    with pytest.raises(ValueError, match="names what is called"):
        restored_config(RunRecord.read(run, "resume"), [], "resume")


@pytest.mark.parametrize("choice", CHOICES)
def test_a_recorded_choice_is_nothing_but_a_choice(choice, run):
    change_record(run, lambda content: content["choices"].append(choice))
    checkpoint = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    with pytest.raises(ValueError, match="is no choice of an option"):
        RunRecord.read(run, "resume")
    with pytest.raises(ValueError, match="is no choice of an option"):
        RunRecord.of_checkpoint(checkpoint, "run")


@pytest.mark.parametrize("name", ["metrics.csv", "samples", "train.log", "evaluations.jsonl"])
def test_nothing_is_written_cut_or_removed_through_a_link(name, run, capfd):
    Path("outside").mkdir()
    Path("outside/2023.png").touch()
    place = run / name
    if place.is_dir():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    place.symlink_to(Path("outside").absolute() if name == "samples" else Path("outside/file").absolute())
    for words in (f"resume={run}", "trainer.max_steps=5"), ("evaluate", f"run={run}", "num_images=8"):
        assert front_door(*words) == 2
        assert "is a symbolic link" in capfd.readouterr().err
    assert sorted(Path("outside").iterdir()) == [Path("outside/2023.png")]


def test_a_set_that_is_downloaded_by_default_is_not_for_a_record(composed, run):
    record = RunRecord.of_new_run(["data=mnist"], OmegaConf.to_container(composed("data=mnist"), resolve=True))
    record.config["data"]["root"] = "/tmp/evil"
    assert record.config["data"]["download"]
    assert restored_config(record, [], "resume").data.download is False
    assert restored_config(record, ["data.download=true"], "resume", composed("data=mnist")).data.download


@pytest.mark.parametrize("case", OVERRIDES)
def test_a_recorded_override_decides_nothing_that_is_executed(case, run):
    word, said = OVERRIDES[case]
    record = RunRecord.read(run, "resume")
    record.parts[0].overrides.append(word)
    with pytest.raises(ValueError, match=said):
        restored_config(record, [], "resume")


@pytest.mark.parametrize("case", CONFIGS)
def test_a_recorded_value_names_neither_a_class_nor_a_place_to_write_to(case, run):
    path, value, said = CONFIGS[case]
    record = RunRecord.read(run, "resume")
    node = record.config
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    with pytest.raises(ValueError, match=said) as refused:
        restored_config(record, [], "resume")
    assert ".".join(path) in str(refused.value)


def test_classes_and_places_come_from_the_installed_configuration(run):
    record = RunRecord.read(run, "resume")
    record.config["model"]["generator"]["_target_"] = "torch.load"
    record.config["callbacks"]["samples"]["folder"] = "/etc"
    record.config["data"]["cache_dir"] = "/etc"
    record.config["data"]["root"] = "elsewhere"
    record.config["data"]["download"] = True
    config = restored_config(record, [], "resume")
    assert config.model.generator._target_ == "gan_lightning.networks.dcgan.DCGANGenerator"
    assert config.model.generator.width == 4
    assert config.callbacks.samples._get_node("folder")._value() == "${run_dir}/samples"
    assert config.data.cache_dir != "/etc"
    assert config.data.root == "elsewhere"
    assert not config.data.get("download")


def test_what_is_typed_again_is_taken(run):
    record = RunRecord.read(run, "resume")
    word = "+trainer.profiler={_target_: lightning.pytorch.profilers.PassThroughProfiler}"
    record.parts[0].overrides.append(word)
    assert restored_config(record, [word], "resume")


@pytest.mark.slow
def test_hydras_own_files_of_a_run_are_not_read(run):
    for name in ("overrides.yaml", "config.yaml", "hydra.yaml"):
        (run / ".hydra" / name).write_text(
            "- +callbacks.x={_target_: builtins.eval, _args_: [\"open('executed', 'w')\"]}\n- {"
        )
    assert front_door(f"resume={run}", "trainer.max_steps=4") == 0
    assert not Path("executed").exists()


@pytest.mark.parametrize("text", ["{", "[" * 10_000])
def test_a_damaged_record_gets_one_sentence(text, run, capfd):
    (run / "run.json").write_text(text)
    assert front_door(f"resume={run}") == 2
    assert "run.json is damaged" in capfd.readouterr().err


@pytest.mark.parametrize("section", ["model", "data", "trainer", "callbacks", "logger", "metrics"])
def test_a_record_without_a_part_of_the_configuration_gets_one_sentence(section, run, capfd):
    change_record(run, lambda content: content["config"].update({section: None}))
    assert front_door(f"resume={run}", "trainer.max_steps=5") == 2
    assert front_door("evaluate", f"run={run}", "num_images=8") == 2
    first, second = capfd.readouterr().err.splitlines()
    assert "no record of a run" in first
    assert "no record of a run" in second or "no configuration in it" in second


def test_a_record_whose_levels_do_not_end_gets_one_sentence(run, capfd):
    deep = {}
    for _ in range(400):
        deep = {"deeper": deep}
    change_record(run, lambda content: content["config"]["model"].update(x=deep))
    assert_refused(run, "no record of a run", capfd)


def test_a_recorded_path_does_not_write_to_the_terminal(run, capfd):
    change_record(run, lambda content: content["config"]["data"].update(root="x\x1b[2K\rINFO all is well\n"))
    front_door(f"resume={run}", "trainer.max_steps=4")
    shown = "".join(capfd.readouterr())
    assert "\x1b" not in shown
    assert "\nINFO all" not in shown


@pytest.mark.slow
def test_modules_of_the_working_directory_and_of_a_run_folder_are_not_imported(run):
    evil = "open('executed', 'w')\n"
    for folder in (Path(), run):
        (folder / "hydra_plugins").mkdir()
        (folder / "hydra_plugins" / "evil.py").write_text(evil)
        for name in ("antigravity", "yaml", "matplotlib", "sitecustomize"):
            (folder / f"{name}.py").write_text(evil)
    command = [sys.executable, "-m", "gan_lightning", f"resume={run}", "trainer.max_steps=4"]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    assert not Path("executed").exists()


def test_the_jobs_of_a_sweep_import_nothing_from_the_working_directory():
    Path("gan_lightning").mkdir()
    for file in ("gan_lightning/__init__.py", "antigravity.py", "yaml.py"):
        Path(file).write_text("open('executed', 'w')\n")
    entry = [sys.executable, "-P", "-c", "from gan_lightning.__main__ import program; program()"]
    short = [*NARROW, "trainer.max_steps=1", "callbacks=checkpoint", "logger=none"]
    sweep = [
        *entry,
        "-m",
        *[word for word in short if not word.startswith("callbacks.")],
        "seed=0",
        "hydra.sweep.dir=sweep",
    ]
    shown = subprocess.run(sweep, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    assert len(list(Path("sweep").glob("*/checkpoints/last.ckpt"))) == 1
    assert not Path("executed").exists()


def test_a_class_that_was_typed_is_typed_again_to_evaluate_and_translate(trained, capfd):
    word = "model.generator._target_=gan_lightning.networks.dcgan.DCGANGenerator"
    assert front_door(*NARROW, "trainer.max_steps=1", "hydra.run.dir=own", word) == 0
    capfd.readouterr()
    assert front_door("evaluate", "run=own", "num_images=8") == 2
    assert "names what is called" in capfd.readouterr().err
    assert front_door("evaluate", "run=own", "num_images=8", word) == 0
    Path("pictures").mkdir()
    picture(0).save("pictures/0.png")
    assert front_door("translate", "run=own", "input=pictures", "output=out", word) == 2
    assert "must be of a model that translates" in capfd.readouterr().err
