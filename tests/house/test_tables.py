"""The documentation's tables of options are filled from conf/, and every option is described in both languages."""

import importlib.util
import re
import subprocess
import sys

import pytest

from support.configuration import CONF, ROOT, options

SCRIPT = ROOT / "docs" / "tables.py"
specification = importlib.util.spec_from_file_location("tables", SCRIPT)
tables = importlib.util.module_from_spec(specification)
specification.loader.exec_module(tables)

GROUPS = sorted(path.name for path in CONF.iterdir() if path.is_dir() and path.name != "hydra")
"""The groups from which users choose."""


def test_the_tables_in_the_documentation_are_up_to_date():
    shown = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stdout + shown.stderr


def test_an_old_table_is_filled_anew_and_nothing_else_is_changed(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Losses\n\n<!-- table: loss generator -->\nold\n<!-- end -->\n\nThe end.\n")
    text = tables.filled(page)
    assert text.startswith("# Losses\n\n<!-- table: loss generator -->\n| `loss=` | description | generator |\n")
    assert text.endswith("<!-- end -->\n\nThe end.\n")
    assert "old" not in text
    assert re.findall(r"^\| `(\w+)` \|", text, re.M) == options("loss")
    page.write_text(text)
    assert tables.filled(page) == text


def test_a_row_of_the_groups_lists_the_options_that_are_there(tmp_path):
    page = tmp_path / "page.md"
    rows = "| `norm` | of D | `old` |\n| `experiment` | many | [a page](page.md) |\n"
    page.write_text(f"<!-- table: groups -->\n| group | what | options |\n|---|---|---|\n{rows}<!-- end -->\n")
    assert "| `norm` | of D | `batch` `group` `instance` `none` |\n" in tables.filled(page)
    assert "| `experiment` | many | [a page](page.md) |\n" in tables.filled(page)


def test_experiments_have_the_estimated_time_on_one_core_and_the_device_that_follows_from_it(monkeypatch):
    monkeypatch.setattr(tables, "measured_hours", lambda: {"demo": 0.05, "paper/cgan_mnist": 6.4, "ring/base": 480})
    shown = tables.of_options("experiment", ["device", "one_core"], False)
    assert shown.startswith("| `experiment=` | description | device | one core |\n")
    cells = {row.split("`")[1]: row.strip("| ").split(" | ")[-2:] for row in shown.splitlines()[2:]}
    assert cells["demo"] == ["CPU", "3 min"]
    assert cells["paper/cgan_mnist"] == ["CPU", "6 h"]
    assert cells["ring/base"] == ["GPU", "20 days"]
    assert cells["ring/wgan_gp"] == ["not measured", "not measured"]


@pytest.mark.parametrize("group", GROUPS)
def test_every_option_starts_with_a_sentence_that_describes_it(group):
    missing = [name for name in options(group) if not re.fullmatch(r"\S+ .*\.", tables.description(group, name))]
    assert not missing, f"conf/{group}: the first comment of {', '.join(missing)} is no sentence"


def test_every_option_has_a_chinese_description_and_none_is_left_over():
    known = {(group, name) for group, names in tables.chinese().items() for name in names}
    shipped = {(group, name) for group in GROUPS for name in options(group)}
    missing, left_over = (sorted("/".join(pair) for pair in pairs) for pairs in (shipped - known, known - shipped))
    assert not missing, f"docs/zh/options.yaml lacks {', '.join(missing)}"
    assert not left_over, f"docs/zh/options.yaml describes {', '.join(left_over)}, which is not there"


def chinese_facts():
    """Each heading and each fact in the tables of Chinese pages: the English text, and the text that is shown."""
    for page in (ROOT / "docs" / "zh").rglob("*.md"):
        for _, place, columns, *_ in tables.TABLE.findall(page.read_text()):
            group = place.partition("/")[0]
            for column in columns.split():
                facts = {fact for name in options(group) if (fact := tables.fact(group, name, column))}
                for fact in facts:
                    yield fact, tables.cell_in_chinese(fact)
                if facts:
                    heading = column.replace("_", " ")
                    yield heading, tables.chinese_cells()["headings"].get(heading, heading)


def test_the_facts_in_chinese_tables_are_in_chinese():
    """What is no code and no formula has a translation."""
    for _, shown in chinese_facts():
        words = re.findall(r"\b[a-z]{3,}\b(?! ?\w*\()", re.sub(r"`[^`]*`", "", shown))
        assert not set(words) - {"torchvision", "zip"}, f"docs/zh/cells.yaml lacks {shown!r}"


def test_no_translation_of_a_cell_is_left_over():
    said = {text for text, _ in chinese_facts()} | {tables.NOT_MEASURED}  # of a new experiment
    known = tables.chinese_cells()
    assert not (known["headings"].keys() | known["cells"].keys()) - said


@pytest.mark.parametrize(
    ("english", "chinese"), [("3 min", "3 分钟"), ("1,200 days", "1,200 天"), ("real images", "真图")]
)
def test_a_cell_in_chinese_keeps_its_number(english, chinese):
    assert tables.cell_in_chinese(english) == chinese
