"""What the documentation says is so: links lead somewhere, commands compose, examples run."""

import re
import shlex
import shutil
import sys
import unicodedata
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.utils import instantiate
from omegaconf import OmegaConf

from gan_lightning import losses
from gan_lightning.config import resolvers, schema
from gan_lightning.config.arguments import TAKES_ONE, with_one, with_overrides, with_runs
from support.configuration import CONF, ROOT, options
from support.pages import BLOCK, FENCE, NAMES, PAGES, commands, shell, tracked

EXTENDING = (ROOT / "docs" / "extending.md").read_text()
RECIPE = {("loss", "absolute"), *(tuple(Path(name).with_suffix("").parts[1:]) for name, _ in BLOCK.findall(EXTENDING))}
"""Options that a page teaches the reader to add."""
REGISTRIES = [("pypi", "org"), ("pythonhosted", "org"), ("anaconda", "org"), ("npmjs", "org")]
"""In parts, so that this file passes too."""
GROUPS = sorted(path.name for path in CONF.iterdir() if path.is_dir())
EXPERIMENTS = ["docs/experiments.md", "docs/zh/experiments.md"]
FLAGS = {"--help", "-h", "--shell-completion", "-sc", "--version", "--info", "-i"}
resolvers.register()


def anchors(page):
    """The anchors that a Markdown page offers, as GitHub makes them from its headings."""
    text, seen, found = FENCE.sub("", page.read_text()), {}, set()
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", text, re.M):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        kept = "".join(c for c in plain if c in " -_" or unicodedata.category(c)[0] in "LNM")
        slug = kept.replace(" ", "-")
        number = seen[slug] = seen.get(slug, -1) + 1
        found.add(f"{slug}-{number}" if number else slug)
    return found


def composed(words):
    """The configuration of a command line; of a sweep, its first job's."""
    command = "train"
    if words and (ROOT / "gan_lightning" / "commands" / f"{words[0]}.py").is_file():
        command, *words = words
    if command == "compare":
        words = with_runs(words)
    if command in TAKES_ONE:
        words = with_one(words, command)
    if command in ("evaluate", "neighbours", "translate"):
        words = with_overrides(words)
    overrides, sweep, rest = [], False, iter(words)
    for word in rest:
        if word in ("--cfg", "-c", "--package", "-p"):
            next(rest)
        elif word in ("-m", "--multirun"):
            sweep = True
        else:
            assert "=" in word or word.startswith("~"), f"{word} is no override"
            overrides.append(word)
    if sweep:
        overrides = [word if re.search(r"[\[{'\"]", word) else word.split(",")[0] for word in overrides]
    primary = "config" if command == "train" else command
    own = OmegaConf.load(CONF / f"{primary}.yaml")
    place = [f"{key}=run" for key in ("run_dir", "output") if key in own]  # they ask Hydra for its folder
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose(primary, [*place, *overrides])


@cache
def of_experiment(name):
    """The configuration of an experiment, which several tests read and none changes."""
    return composed([f"experiment={name}"])


OWN = {"loss=absolute", "experiment=mine"}  # of the reader's, in a folder of theirs
LINES = {" ".join(words): words for page in PAGES for words in commands(page) if not {*FLAGS, *OWN} & set(words)}
"""Each command once, on however many pages it is."""


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_to_files_and_headings_that_exist(page):
    text = re.sub(r"`[^`\n]*`", "", FENCE.sub("", page.read_text()))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{target}: no such file"
        assert ROOT in file.parents, f"{target}: outside of the project"
        if anchor:
            assert anchor in anchors(file), f"{target}: no such heading"


@pytest.mark.parametrize("words", LINES.values(), ids=LINES)
def test_commands_in_shell_blocks_compose_and_fit(words):
    config = composed(words)
    for key in OmegaConf.missing_keys(config):
        OmegaConf.update(config, key, "DIR")
    schema.check(config)
    if words and words[0] == "translate":
        assert schema.arguments("gan_lightning.commands.translate.translate", config)["run"]


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_other_commands_in_shell_blocks_are_of_targets_files_and_options_that_exist(page):
    """Those of `PYTHONPATH=. gan-lightning` are run by test_extending."""
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.M))
    for words in (shlex.split(line, comments=True) for line in shell(page)):
        match words:
            case [] | ["gan-lightning" | "$" | "srun" | "PYTHONPATH=.", *_]:
                continue
            case ["make", target, *_]:
                assert target in targets, target
            case ["python", file, *rest]:
                text = (ROOT / file).read_text()
                assert all(f'{word[2:]}"' in text for word in rest if word.startswith("--")), words
            case ["pip", "install", *_] | ["python3", "-m", "venv", *_] | ["eval" | "tensorboard", *_]:
                continue
            case _:
                assert words[0].startswith("#SBATCH"), words


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_options_named_in_the_documentation_exist(page):
    text = page.read_text()
    code = [block for _, block in FENCE.findall(text)] + re.findall(r"`([^`\n]+)`", FENCE.sub("", text))
    wrong = re.compile(r"is no key|has no option|^(?:model=dcgn|loss=bce)$")
    for piece in code:
        for group, value in re.findall(rf"(?<![\w./-])({'|'.join(GROUPS)})=\[?([a-z][\w/,]*)", piece):
            if page.name == "CHANGELOG.md" or wrong.search(piece):
                continue
            for option in value.split(","):
                known = options(group) if group != "hydra" else [option]
                assert option in known or (group, option) in RECIPE or f"{group}={option}" in OWN, (
                    f"{group} has no option {option}"
                )


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md", "docs/configuration.md", "docs/zh/configuration.md"])
def test_the_tables_of_groups_list_every_option(page):
    """A row starts with the group alone and ends in its options; the row of a group with a page of its own has a link."""
    rows = re.findall(rf"^\| `({'|'.join(GROUPS)})` \|.*\|(.*)\|$", (ROOT / page).read_text(), re.M)
    listed = {group: sorted(set(re.findall(r"`(\w+)`", cell))) for group, cell in rows}
    assert {"model", "network", "loss", "metric"} <= set(listed)
    assert listed == {group: options(group) if listed[group] else [] for group in listed}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_files_named_in_the_documentation_exist(page):
    taught = {
        "gan_lightning/losses/absolute.py",
        "conf/loss/absolute.yaml",
        *(name for name, _ in BLOCK.findall(EXTENDING)),
    }
    for piece in re.findall(r"`((?:gan_lightning|conf|tests|docs|notebooks)/[\w./-]+)`", page.read_text()):
        assert piece in taught or (ROOT / piece).exists(), f"there is no {piece}"


@pytest.mark.parametrize("page", EXPERIMENTS)
def test_every_experiment_is_documented(page):
    text = (ROOT / page).read_text()
    documented = set(re.findall(r"^## `([\w/]+)`$", text, re.M))
    assert documented == set(options("experiment"))


def test_the_tables_of_experiments_state_what_the_experiments_set():
    """In one test, so that each experiment is composed once."""
    for page in ("README.md", "README.zh-CN.md"):
        check_table_of_tutorials(page)
    check_parameter_counts()


def check_parameter_counts():
    row = re.compile(r"^\| `([\w/]+)` \| ([\d,]+) \| ([\d,]+) \|$", re.M)
    counts, in_chinese = (row.findall((ROOT / page).read_text()) for page in EXPERIMENTS)
    assert counts == in_chinese
    assert {name for name, *_ in counts} <= set(options("experiment"))
    for name, *documented in counts:
        model = of_experiment(name).model
        with torch.device("meta"):
            players = [instantiate(part, _partial_=False) for part in (model.generator, model.discriminator)]
        assert [f"{sum(weight.numel() for weight in net.parameters()):,}" for net in players] == documented, name


def check_table_of_tutorials(page):
    rows = re.findall(r"^\| `((?:tutorial|paper)/\w+)` \|(.*)\|$", (ROOT / page).read_text(), re.M)
    assert {name for name, _ in rows} == {
        name for name in options("experiment") if name.startswith(("tutorial/", "paper/"))
    }
    for name, rest in rows:
        description, *numbers = (cell.strip(" `") for cell in rest.split("|"))
        size, batch, epochs, steps = (int(number) if number else -1 for number in numbers)
        config = of_experiment(name)
        data, trainer = config.data, config.trainer
        assert (size, batch) == (data.image_size, data.batch_size), name
        assert (epochs, steps) == (trainer.max_epochs, trainer.max_steps), name
        squares = config.model.loss._target_.endswith("LeastSquares")
        assert squares == ("least squares" in description or "最小二乘" in description), name


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_the_recipe_for_a_loss_works_as_it_stands(page, tmp_path, monkeypatch):
    blocks = dict(FENCE.findall((ROOT / page).read_text()))
    (tmp_path / "absolute.py").write_text(blocks["python"])
    folders = [*losses.__path__, str(tmp_path)]
    monkeypatch.setattr(losses, "__path__", folders)
    monkeypatch.setattr(losses.__spec__, "submodule_search_locations", folders)
    monkeypatch.delitem(sys.modules, "gan_lightning.losses.absolute", raising=False)
    shutil.copytree(CONF, tmp_path / "conf")
    (tmp_path / "conf" / "loss" / "absolute.yaml").write_text(blocks["yaml"])
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(tmp_path / "conf"), version_base="1.3"):
        config = compose("config", ["loss=absolute", "model=gan", "run_dir=run"])
    schema.check(config)
    loss = instantiate(config.model).loss
    ones, zeros = torch.ones(2, 1, 4, 4), torch.zeros(2, 1, 4, 4)
    terms = loss.discriminator(lambda images: images.mean((1, 2, 3)), ones, zeros)
    assert {name: float(term) for name, term in terms.items()} == {"real": 0, "fake": 0}
    assert float(loss.generator(lambda images: images.mean((1, 2, 3)), ones, zeros)["adversarial"]) == 1


def test_the_python_examples_of_the_guide_run():
    for language, block in FENCE.findall((ROOT / "docs" / "index.md").read_text()):
        if language == "python":
            GlobalHydra.instance().clear()
            short = block.replace('"trainer.max_steps=100"', '"trainer.max_steps=2", "metric=[]"')
            exec(compile(short, "docs/index.md", "exec"), {})
    assert Path("outputs/python/samples/0000002.png").is_file()


def test_no_file_names_the_host_of_a_package_registry():
    hosts = [".".join(parts) for parts in REGISTRIES]
    for file in tracked():
        content = file.read_bytes()
        assert not [host for host in hosts if host.encode() in content], file
