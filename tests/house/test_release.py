"""What a release states of itself is so: version, citation, Python versions, templates of issues."""

import datetime
import re
import sys
import tomllib

import pytest
import yaml

from gan_lightning import __version__
from support.configuration import ROOT

sys.path.insert(0, str(ROOT / "docs"))
import badges

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text())
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml")) if (ROOT / ".github").is_dir() else []


def test_the_version_is_that_of_the_package_everywhere():
    assert "version" in PROJECT["dynamic"]
    assert CITATION["version"] == __version__
    newest = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)$", (ROOT / "CHANGELOG.md").read_text(), re.M)[0]
    assert newest == (__version__, str(CITATION["date-released"]))


def test_the_changelog_has_the_form_that_it_says():
    text = (ROOT / "CHANGELOG.md").read_text()
    titles = re.findall(r"^## (.+)$", text, re.M)
    assert titles[0] == "[Unreleased]"
    assert set(re.findall(r"^### (.+)$", text, re.M)) <= {
        "Added", "Changed", "Deprecated", "Removed", "Fixed", "Security",
    }  # fmt: skip


def test_the_citation_has_what_its_format_requires():
    """Citation File Format 1.2.0: the required keys, no others than it knows, and authors with names."""
    assert {"cff-version", "message", "title", "authors"} <= CITATION.keys()
    known = {"type", "abstract", "version", "date-released", "license", "keywords", "references", "preferred-citation"}
    assert CITATION.keys() - {"cff-version", "message", "title", "authors"} <= known
    assert CITATION["cff-version"] == "1.2.0"
    assert CITATION["type"] == "software"
    assert CITATION["license"] == PROJECT["license"]
    assert isinstance(CITATION["date-released"], datetime.date)
    assert all("name" in author or {"family-names", "given-names"} <= author.keys() for author in CITATION["authors"])
    assert all(isinstance(word, str) for word in CITATION["keywords"])


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_both_readmes_cite_the_release_as_the_citation_file_has_it(page):
    text = (ROOT / page).read_text()
    entry = re.search(r"^@software\{.*?^\}$", text, re.M | re.S)[0]
    assert f"version = {{{__version__}}}" in entry
    assert f"year = {{{CITATION['date-released'].year}}}" in entry
    assert f"author = {{{{{CITATION['authors'][0]['name'].replace('_', chr(92) + '_')}}}}}" in entry


def test_each_supported_python_is_classified_and_checked():
    supported = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if line.startswith("Programming Language")]
    assert supported == ["3.11", "3.12", "3.13"]
    assert PROJECT["requires-python"] == ">=3.11,<3.14"
    assert "Typing :: Typed" in PROJECT["classifiers"]
    if (ROOT / ".github").is_dir():  # an unpacked archive of sources has none
        job = yaml.safe_load((ROOT / ".github" / "workflows" / "check.yml").read_text())["jobs"]["check"]
        assert job["strategy"]["matrix"]["python"] == supported
        assert job["steps"][-1] == {"run": "make check"}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.stem)
def test_an_issue_form_has_a_name_and_fields_that_can_be_filled(form):
    content = yaml.safe_load(form.read_text())
    assert content.keys() == {"name", "description", "labels", "body"}
    fields = [part for part in content["body"] if part["type"] != "markdown"]
    assert {part["type"] for part in fields} <= {"input", "textarea"}
    assert len({part["id"] for part in fields}) == len(fields)
    assert all(part["attributes"]["label"] for part in fields)
    assert any(part.get("validations", {}).get("required") for part in fields)


@pytest.mark.skipif(not FORMS, reason="an archive of sources has no issue forms")
def test_the_form_for_bugs_asks_for_the_version_and_the_files_of_the_run():
    labels = [part["attributes"].get("label", "") for part in yaml.safe_load(FORMS[0].read_text())["body"]]
    for wanted in ("`gan-lightning --version`", "`run.json`", "`train.log`"):
        assert any(wanted in label for label in labels), wanted


def test_the_badges_are_what_the_project_says():
    """`make tables` draws them."""
    folder = ROOT / "docs" / "images" / "badges"
    assert {file.name: file.read_text() for file in folder.iterdir()} == badges.badges()
