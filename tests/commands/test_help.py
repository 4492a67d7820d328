"""What the program says about itself: help, its version, and what a shell completes."""

import json
import os
import re
import shlex
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from gan_lightning import __version__
from gan_lightning.config.arguments import TAKES_ONE, prepared, with_one, with_overrides, with_runs
from gan_lightning.config.completion import completions
from gan_lightning.config.composition import searching
from gan_lightning.config.help import command_names, page, primary_of
from support.command import front_door
from support.configuration import CONF, ROOT

COMMANDS = sorted(file.stem for file in (ROOT / "gan_lightning" / "commands").glob("[a-z]*.py"))
TYPED = {"run_dir": "hydra.run.dir=", "overrides": "model.KEY, data.KEY="}
"""Keys that are typed by another name, or filled by words."""
INTERPOLATED = "${"


@pytest.fixture
def told(capfd):
    """Runs the command in this process; returns exit code, stdout and stderr."""

    def run(*words):
        return front_door(*words), *capfd.readouterr()

    return run


@pytest.fixture
def shown(monkeypatch):
    """Returns the page of a command in a terminal of so many columns."""

    def at(command, columns=80):
        monkeypatch.setenv("COLUMNS", str(columns))
        return page(command)

    return at


@pytest.fixture
def completed():
    def of(line):
        with searching(None):
            return completions(line, GlobalHydra.instance().config_loader())

    return of


def section(text, heading):
    """The rows below a heading, each a label and its text in one line."""
    body = text.partition(f"\n{heading}")[2].partition("\n")[2].partition("\n\n")[0]
    rows = re.findall(r"^  (\S.*(?:\n {4,}.*)*)", body, re.M)
    return dict(re.fullmatch(r"(.*?)(?: {2,}|\n +)(.*)", row, re.S).groups() for row in rows)


def examples(text):
    """The words of every example but the shell's own."""
    lines = re.findall(r"^  gan-lightning (.*)", text, re.M)
    return [shlex.split(line, comments=True) for line in lines]


def test_help_starts_with_every_command_in_one_line_and_ends_with_the_flags(shown):
    text = shown("train", 80)
    headings = re.findall(r"^(\w+).*:$", text, re.M)
    assert headings == ["Commands", "Examples", "Keys", "Groups", "Flags"]
    rows = section(text, "Commands")
    assert sorted(rows) == sorted(command_names()) == COMMANDS
    assert not any("\n" in row for row in rows.values())
    assert {"--help, -h", "--version", "--hydra-help", "--cfg job, -c job"} <= section(text, "Flags").keys()


@pytest.mark.parametrize("columns", [80, 120])
def test_every_page_fits_its_terminal_without_unicode(columns, shown):
    for command in COMMANDS:
        text = shown(command, columns)
        assert text.isascii()
        assert "???" not in text
        longest = max(text.splitlines(), key=len)
        assert columns - 30 < len(longest) <= columns, f"{command}: {longest}"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_key_of_a_command_is_explained_with_its_default(command, shown):
    config = OmegaConf.load(CONF / f"{primary_of(command)}.yaml")
    text = shown(command)
    rows, groups = section(text, "Keys"), section(text, "Groups")
    for key, value in OmegaConf.to_container(config).items():
        if key == "defaults" or value == {} or f"{key}=" in groups:  # a group is explained as one
            continue
        plain = value if isinstance(value, str) else json.dumps(value, separators=(",", ":")).replace('"', "")
        is_open = plain == "???" or INTERPOLATED in plain
        label = TYPED.get(key, f"{key}={'' if is_open else plain}")
        explained = rows.pop(label, "")
        assert explained, f"{command}: {label} is not explained"
        assert plain != "???" or explained.startswith("must be given")
    assert rows == {}, f"{command} has no such keys"


def test_every_command_shows_three_examples(shown):
    assert [command for command in COMMANDS if len(examples(shown(command))) < 3] == []


SLOW = set(COMMANDS) - {"sample"}


@pytest.mark.parametrize(
    "command", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in COMMANDS]
)
def test_every_example_composes(command, shown):
    for words in examples(shown(command)):
        if "--config-dir" in words:  # of the reader's own files
            continue
        words = words[: words.index("--cfg")] if "--cfg" in words else words  # which flags show is told elsewhere
        words = [word.split(",")[0] if "-m" in words else word for word in words]
        own = words.pop(0) if words[0] in COMMANDS else "train"
        one = {name: partial(with_one, command=name) for name in TAKES_ONE}
        words = {"compare": with_runs, "train": list, "check": list, **one}.get(own, with_overrides)(words)
        GlobalHydra.instance().clear()
        with initialize_config_dir(str(CONF), version_base="1.3"):
            compose(primary_of(own), [word for word in prepared(words, primary_of(own)) if word != "-m"])


def test_options_are_listed_as_they_are_typed_and_what_files_share_is_hidden(shown):
    text = shown("train")
    groups = {name: " ".join(row.split()) for name, row in section(text, "Groups").items()}
    assert "demo | " in groups["experiment="]
    assert " paper/cgan_mnist | " in groups["experiment="]
    assert groups["loss="].startswith("non_saturating | hinge | ")
    assert groups["penalty="].startswith("[] | dragan | ")
    assert "shared" not in text
    assert not any(re.match(r"\s*\|", line) for line in text.splitlines())


def test_options_of_ones_own_are_listed(told):
    Path("conf/experiment/my").mkdir(parents=True)
    Path("conf/experiment/my/first.yaml").write_text("# @package _global_\n")
    code, said, _ = told("--config-dir", "conf", "--help")
    assert (code, "my/first" in said) == (0, True)
    code, _, err = told("help", "--config-dir", "nowhere")
    assert code == 2
    assert err.count("\n") == 1


def test_help_of_a_command_is_asked_for_in_three_ways_and_leaves_no_folder(told):
    answers = [told(*words) for words in (["help", "sample"], ["sample", "--help"], ["run=x", "-h", "sample"])]
    assert answers[0] == answers[1] == answers[2]
    code, said, err = answers[0]
    assert (code, err) == (0, "")
    assert said.startswith("Draw images")
    assert told("help") == told("--help")
    assert os.listdir() == []


def test_the_version_is_ours_with_torchs_and_the_device(told):
    code, said, err = told("--version")
    assert (code, err) == (0, "")
    python = ".".join(map(str, sys.version_info[:3]))
    assert said.startswith(f"gan_lightning {__version__}, torch {torch.__version__}, Python {python}, device ")
    assert told("sample", "--version")[1] == said
    assert os.listdir() == []


@pytest.mark.parametrize(
    ("words", "suggested"),
    [
        (
            ["smaple", "run=x"],
            "smaple is neither key=value nor a command; did you mean sample? `gan-lightning --help` ",
        ),
        (["help", "smaple"], "did you mean sample? "),
        (["smaple", "--help"], "did you mean sample? "),
        (["demo"], "did you mean experiment=demo? "),
        (["dcgan"], "did you mean model=dcgan? "),
        (["run=x", "sample"], "sample is a command, which stands first; type gan-lightning sample run=x\n"),
        (["-m", "sample", "seed=0,1"], "gan-lightning sample run=RUN -m seed=0,1\n"),
        (["xyzzy"], "xyzzy is neither key=value nor a command; commands are train, animate, "),
    ],
)
def test_a_word_that_is_no_command_suggests_what_may_be_meant(words, suggested, told):
    code, said, err = told(*words)
    assert (code, said) == (2, "")
    assert suggested in err
    assert err.count("\n") == 1
    assert os.listdir() == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("gan-lightning sam", ["sample"]),
        ("gan-lightning help e", ["evaluate", "export"]),
        ("gan-lightning model=dc", ["model=dcgan"]),
        ("gan-lightning experiment=paper/sn", ["experiment=paper/sngan_celeba", "experiment=paper/sngan_cifar10"]),
        ("gan-lightning sample num", ["num_images="]),
        ("gan-lightning loss=hinge trainer.max_e", ["trainer.max_epochs="]),
        ("gan-lightning loss=wrong trainer.max_e", []),
        ("gan-lightning --mul", ["--multirun"]),
        ("gan-lightning sample run=outputs/tr", ["run=outputs/train"]),
    ],
)
def test_a_shell_completes(line, expected, completed):
    Path("outputs/train").mkdir(parents=True, exist_ok=True)
    assert completed(line) == expected


def test_a_shell_completes_commands_groups_and_keys(completed):
    found = completed("gan-lightning ")
    assert {"help", *COMMANDS, "model=", "seed=", "trainer."} <= set(found)
    assert not any("/" in word for word in found)


@pytest.mark.slow
def test_bash_completes_after_the_documented_line(tmp_path):
    program = tmp_path / "gan-lightning"
    program.write_text(f"#!{sys.executable}\nfrom gan_lightning.__main__ import program\n\nprogram()\n")
    program.chmod(0o755)
    script = """
    eval "$(gan-lightning -sc install=bash)"
    COMP_LINE="gan-lightning model=dc" COMP_POINT=22 COMP_WORDS=(gan-lightning model=dc) COMP_CWORD=1
    hydra_bash_completion
    echo "${COMPREPLY[@]}"
    """
    paths = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": f"{ROOT}:{os.environ['PYTHONPATH']}"}
    done = subprocess.run(
        ["bash", "-c", script], env=os.environ | paths, capture_output=True, text=True, timeout=60, check=True
    )
    assert (done.stdout, done.stderr) == ("model=dcgan\n", "")
