"""What the pages of the tutorials and of broken runs say is so, in both languages."""

import ast
import importlib.util
import re
import shlex
from functools import cache

import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from support.configuration import CONF, ROOT, options

DOCS = {"English": ROOT / "docs", "Chinese": ROOT / "docs" / "zh"}
TUTORIALS = sorted(file.name for file in (ROOT / "docs" / "tutorials").glob("*.md"))
PAGES = [folder / "tutorials" / name for name in TUTORIALS for folder in DOCS.values()]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
TABLE = re.compile(r"<!-- keys: (\S+) -->\n((?:\|.*\n)+)")
CODE = re.compile(r"<!-- from: (\S+) -->\n```python\n(.*?)^```", re.M | re.S)
GROUPS = {path.name for path in CONF.iterdir() if path.is_dir()}

specification = importlib.util.spec_from_file_location("broken", ROOT / "benchmarks" / "broken.py")
broken = importlib.util.module_from_spec(specification)
specification.loader.exec_module(broken)


@cache
def composed(*words):
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", ["run_dir=run", *words], return_hydra_config=True)


@cache
def keys(page):
    """The rows of a page's tables of keys, as (experiment, key, value)."""
    rows = [(name, row.split("|")) for name, table in TABLE.findall(page.read_text()) for row in table.splitlines()[2:]]
    return [(name, cells[2].strip(" `"), cells[3].strip(" `")) for name, cells in rows]


def lines(code):
    """The lines of some code without indentation, blank lines and comments."""
    bare = (re.sub(r"(^|  )#.*", "", line).strip() for line in code.splitlines())
    return [line for line in bare if line]


def test_every_tutorial_has_a_page_in_both_languages():
    assert [file.name for file in sorted((DOCS["Chinese"] / "tutorials").glob("*.md"))] == TUTORIALS
    taught = {name for page in PAGES for name, *_ in keys(page)}
    assert taught == {name for name in options("experiment") if name.startswith("tutorial/")}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_the_tables_state_the_key_and_the_value_of_each_of_a_tutorials_variables(page):
    for experiment, key, value in keys(page):
        config = composed(f"experiment={experiment}")
        if key in GROUPS:
            found = config.hydra.runtime.choices[key]
        else:
            parent, _, last = key.rpartition(".")
            assert last in (OmegaConf.select(config, parent) if parent else config), f"{key} is no key"
            found = OmegaConf.select(config, key)
        found = OmegaConf.to_container(found) if OmegaConf.is_config(found) else found
        assert (found, type(found)) == ((said := yaml.safe_load(value)), type(said)), f"{experiment}: {key}"


@pytest.mark.parametrize("name", TUTORIALS)
def test_both_languages_have_the_same_keys_code_and_pictures(name):
    english, chinese = (folder / "tutorials" / name for folder in DOCS.values())
    assert keys(english) == keys(chinese)
    shown = [[(file, lines(code)) for file, code in CODE.findall(page.read_text())] for page in (english, chinese)]
    assert shown[0] == shown[1]
    pictures = [re.findall(r"images/(\S+)\)", page.read_text()) for page in (english, chinese)]
    assert pictures[0] == pictures[1] != []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_the_code_that_is_shown_is_that_of_its_file(page):
    shown = CODE.findall(page.read_text())
    assert len(shown) >= 2, "the tutorial's step and ours"
    for file, code in shown:
        wanted, there = lines(code), lines((ROOT / file).read_text())
        starts = (number for number, line in enumerate(there) if line == wanted[0])
        assert any(there[start : start + len(wanted)] == wanted for start in starts), f"{file} has no such lines"


def check_words(words):
    """Check that the keys of overrides exist, beside the options that stand with them."""
    config = composed(*(word for word in words if word.partition("=")[0] in GROUPS))
    for key in (word.partition("=")[0] for word in words):
        if key not in GROUPS:
            parent, _, last = key.rpartition(".")
            assert last in list(OmegaConf.select(config, parent)), f"{key} is no key"  # those without a value, too


# Broken runs.

SILENT = {"healthy", "nearly_collapsed"}
"""Runs of which the guard says nothing; that it misses the second is what the page says of it."""

BROKEN = [folder / "broken.md" for folder in DOCS.values()]


def guards_sentences():
    """What the guard can say, as patterns with anything in place of the values."""
    for name in ("symptoms", "guard", "scores"):
        for node in ast.walk(ast.parse((ROOT / "gan_lightning" / "callbacks" / f"{name}.py").read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Symptom":
                sentence = node.args[1]
            elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "sentence":
                sentence = node.value
            else:
                continue
            parts = sentence.values if isinstance(sentence, ast.JoinedStr) else [sentence]
            if len(parts) > 1 or isinstance(sentence, ast.Constant):
                yield "".join(re.escape(part.value) if isinstance(part, ast.Constant) else ".*" for part in parts)


def failures(page):
    """The sections of a page about failures: the name of the picture, what is typed, what the guard says."""
    for section in re.split(r"^## ", page.read_text(), flags=re.M):
        if name := re.search(r"images/broken/(\w+)\.webp", section):
            said = [
                " ".join(quote.replace("\n> ", " ").split())
                for quote in re.findall(r"^> (.+(?:\n> .+)*)", section, re.M)
            ]
            yield name[1], re.findall(r"^```text\n(.*?)\n```", section, re.M | re.S), said


@pytest.mark.parametrize("page", BROKEN, ids=DOCS)
def test_each_injected_failure_has_a_picture_what_is_typed_for_it_and_a_sentence_of_the_guards(page):
    found = {name: (typed, said) for name, typed, said in failures(page)}
    assert list(found) == list(broken.FAILURES)
    for name, (typed, said) in found.items():
        assert typed == ([" ".join(broken.FAILURES[name].words)] if broken.FAILURES[name].words else []), name
        assert bool(said) == (name not in SILENT), name
        check_words(broken.FAILURES[name].words)


@pytest.mark.parametrize("page", BROKEN, ids=DOCS)
def test_the_sentences_quoted_from_the_guard_are_the_guards(page):
    known, said = list(guards_sentences()), [sentence for *_, sentences in failures(page) for sentence in sentences]
    assert len(said) >= 10
    for sentence in said:
        assert any(re.fullmatch(pattern, sentence) for pattern in known), sentence
    unsaid = [pattern for pattern in known if not any(re.fullmatch(pattern, sentence) for sentence in said)]
    assert all("rollback" in pattern for pattern in unsaid), unsaid


@pytest.mark.parametrize("page", BROKEN, ids=DOCS)
def test_what_the_table_says_to_type_exists(page):
    table = re.search(r"^\|.*\n\|[-|]+\n((?:\|.*\n)+)", page.read_text(), re.M)[1]
    typed = [piece for row in table.splitlines() for piece in re.findall(r"`([^`]+)`", row.split("|")[-2])]
    assert len(typed) >= 15
    for piece in typed:
        command, *words = shlex.split(piece.removeprefix("gan-lightning"))
        if "=" in command:
            check_words([command, *words])
        else:
            assert (ROOT / "gan_lightning" / "commands" / f"{command}.py").is_file(), piece


def test_the_pictures_are_small():
    files = [file for folder in ("tutorials", "broken") for file in (ROOT / "docs" / "images" / folder).iterdir()]
    assert len(files) >= 20
    assert [file.name for file in files if file.stat().st_size > 100_000] == []
