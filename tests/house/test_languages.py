"""Both languages of a page are in step: headings, code, tables and links; and the site shows every page."""

import ast
import re

import pytest
import yaml

from support.configuration import ROOT
from support.pages import DOCS, FENCE, NAMES, PAGES, TRANSLATED

IN_STEP = pytest.mark.parametrize(
    ("english", "chinese"),
    [pytest.param(*pair, id=pair[1].stem) for pair in TRANSLATED.items()],
)


def headings(page):
    return [len(marks) for marks in re.findall(r"^(#+) ", FENCE.sub("", page.read_text()), re.M)]


def without_words(language, block):
    """A block of code without what a translation may change: comments, docstrings and spaces."""
    if language == "python":
        tree = ast.parse(block)
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
                node.body = node.body[1:] or [ast.Pass()]
        return ast.unparse(tree)
    if language == "yaml":
        return yaml.safe_load(block)
    if language in ("bash", "sh", "console"):
        block = block.replace("exercises/zh/", "exercises/")
        return [" ".join(re.sub(r"(^|\s)#.*", "", line).split()) for line in block.splitlines() if line[:1] != "#"]
    return None


def code(page):
    return [(language, without_words(language, block)) for language, block in FENCE.findall(page.read_text())]


def tables(page):
    """Rows and columns of each table."""
    found = re.findall(r"(?:^\|.*\n)+", FENCE.sub("", page.read_text()), re.M)
    return [(len(table.splitlines()), len(re.sub(r"\\\|", "", table.splitlines()[0]).split("|"))) for table in found]


def targets(page):
    """What a page links to, without the language of it and without anchors."""
    text = re.sub(r"`[^`\n]*`", "", FENCE.sub("", page.read_text()))
    found = set()
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path = target.partition("#")[0]
        if path and not re.match(r"[a-z]+:", path):
            name = str((page.parent / path).resolve().relative_to(ROOT))
            found.add(re.sub(r"(?<=docs/)zh/|(?<=exercises/)zh/|\.zh(?:-CN)?(?=\.)", "", name))
    return found


@IN_STEP
def test_headings_are_as_many_and_of_the_same_order(english, chinese):
    assert headings(chinese) == headings(english)


@IN_STEP
def test_blocks_of_code_are_the_same_but_for_comments(english, chinese):
    assert code(chinese) == code(english)


@IN_STEP
def test_tables_have_as_many_rows_and_columns(english, chinese):
    assert tables(chinese) == tables(english)


@IN_STEP
def test_links_lead_to_the_same_pages(english, chinese):
    assert targets(chinese) == targets(english)


def test_no_chinese_page_is_without_an_english_one():
    english = {str(page.relative_to(DOCS)) for page in PAGES if page.is_relative_to(DOCS)}
    assert {name.removeprefix("zh/") for name in english if name.startswith("zh/")} <= english


def test_the_glossary_has_the_same_terms_in_both_languages():
    rows = [
        re.findall(r"^\| (.+?) \| (.+?) \|", page.read_text(), re.M)
        for page in (DOCS / "glossary.md", DOCS / "zh" / "glossary.md")
    ]
    english, chinese = ([row for row in language if row[0] not in ("term", "英文")] for language in rows)
    assert english == chinese
    assert len(english) == len({term for term, _ in english}) > 70


def in_navigation(entries):
    for entry in entries:
        if isinstance(entry, dict):
            entry = next(iter(entry.values()))
        yield from [entry] if isinstance(entry, str) else in_navigation(entry)


def test_every_page_is_in_the_navigation():
    text = re.sub(r"!!python\S+", "", (ROOT / "mkdocs.yml").read_text())
    entries = list(in_navigation(yaml.safe_load(text)["nav"]))
    pages = [name.removeprefix("docs/") for name in NAMES if name.startswith("docs/") and "/zh/" not in name]
    assert len(entries) == len(set(entries))
    assert [page for page in pages if page not in entries and f"{page.rpartition('/')[0]}/" not in entries] == []
