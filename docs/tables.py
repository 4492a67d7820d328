"""Fill the tables of options in the documentation from the YAML files in conf/.

    python docs/tables.py            # rewrites the pages
    python docs/tables.py --check    # changes nothing; exits with 1 and names the pages that are out of date

A table is written between two markers, and what lies between them is replaced:

    <!-- table: GROUP COLUMN ... -->     one row for each option of a group, or of a folder of it (experiment/paper)
    <!-- table: groups -->               one row for each group; only the last cell, its options, is replaced
    <!-- end -->

An option's description is the comment at the top of its YAML file, up to the first line that ends with a full stop. A
column is a fact or a key. A fact is a comment line at the top of the file, `# needs: labels`; underscores in its name
are written for spaces. A key is looked up in the file, and then in the options of the same group that it extends. On
Chinese pages the description is the option's line in docs/zh/options.yaml, and docs/zh/cells.yaml has the facts in
Chinese. Experiments' facts `device` and `one core` are estimates from benchmarks/hours.json, which benchmarks/hours.py
writes.
"""

import json
import re
import sys
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
CONF = ROOT / "conf"
CHINESE = ROOT / "docs" / "zh" / "options.yaml"
CHINESE_CELLS = ROOT / "docs" / "zh" / "cells.yaml"
HOURS = ROOT / "benchmarks" / "hours.json"
LONGEST_ON_A_CPU = 24
"""An experiment that takes more hours on one core needs a GPU."""
NOT_MEASURED = "not measured"
"""What the tables say of an experiment that benchmarks/hours.py has not measured."""
TABLE = re.compile(r"(<!-- table: ([\w/]+)((?: +[\w.]+)*) -->\n)(.*?)(<!-- end -->)", re.S)


def options(group: str) -> list[str]:
    """Return the names of a group's options, in the order of the alphabet."""
    files = (file.relative_to(CONF / group) for file in (CONF / group).rglob("*.yaml"))
    return sorted(str(file.with_suffix("")) for file in files if file.parts[0] != "shared")


def header(group: str, option: str) -> list[str]:
    """Return the comment lines at the top of an option's file, without `# @package`."""
    lines = (CONF / group / f"{option}.yaml").read_text().splitlines()
    comments = takewhile(lambda line: line.startswith("#"), lines)
    return [line.lstrip("# ") for line in comments if not line.startswith("# @package")]


def description(group: str, option: str) -> str:
    """Return an option's English description, or nothing where its file does not start with a sentence."""
    lines = header(group, option)
    end = next((number for number, line in enumerate(lines, 1) if line.endswith(".")), 0)
    return " ".join(lines[:end])


@cache
def chinese() -> dict[str, dict[str, str]]:
    """Return the Chinese descriptions by group and option."""
    return yaml.safe_load(CHINESE.read_text())


@cache
def chinese_cells() -> dict[str, dict[str, str]]:
    """Return the Chinese headings of columns, units of times and texts of cells."""
    return yaml.safe_load(CHINESE_CELLS.read_text())


def cell_in_chinese(text: str) -> str:
    """Return a cell in Chinese; code and formulas stay as they are."""
    known = chinese_cells()
    time = re.fullmatch(rf"([\d,]+ )({'|'.join(known['units'])})", text)
    return time[1] + known["units"][time[2]] if time else known["cells"].get(text, text)


def values(group: str, option: str) -> tuple[str, dict]:
    """Return where in the configuration an option's values are put, nothing for its root, and the values."""
    text = (CONF / group / f"{option}.yaml").read_text()
    named = re.match(r"# @package (\S+)", text)
    place = named[1] if named else group
    return "" if place == "_global_" else place, yaml.safe_load(text) or {}


def value(group: str, option: str, key: str) -> Any:
    """Return the value that an option gives a key of the whole configuration, itself or by an option it extends."""
    place, body = values(group, option)
    found: Any = body if f"{key}.".startswith(f"{place}." if place else "") else None
    for part in key.removeprefix(f"{place}.").split("."):
        found = found.get(part) if isinstance(found, dict) else None
    extended = [entry for entry in body.get("defaults", []) if isinstance(entry, str) and entry != "_self_"]
    while found is None and extended:
        found = value(group, extended.pop().partition("@")[0], key)
    return found


@cache
def measured_hours() -> dict[str, float]:
    """Return the hours on one core of the experiments that were measured."""
    return {name: figures["hours"] for name, figures in json.loads(HOURS.read_text())["experiments"].items()}


def estimate(experiment: str, column: str) -> str:
    """Return the time that an experiment takes on one core, or the device that it needs because of it."""
    hours = measured_hours().get(experiment)
    if hours is None:
        return NOT_MEASURED
    if column == "device":
        return "GPU" if hours > LONGEST_ON_A_CPU else "CPU"
    if hours < 1:
        return f"{max(1, round(60 * hours))} min"
    return f"{hours:.0f} h" if hours <= 48 else f"{hours / 24:,.0f} days"


def fact(group: str, option: str, column: str) -> str | None:
    """Return what a comment line at the top of an option's file says of a column, or an experiment's estimate."""
    if group == "experiment" and column in ("device", "one_core"):
        return estimate(option, column)
    start = f"{column.replace('_', ' ')}:"
    return next((line.removeprefix(start).strip() for line in header(group, option) if line.startswith(start)), None)


def cell(group: str, option: str, column: str, is_chinese: bool) -> str:
    """Return an option's text in a column."""
    known = fact(group, option, column)
    if known is not None:
        return (cell_in_chinese(known) if is_chinese else known).replace("|", "\\|")
    place = values(group, option)[0]
    keys = (column, f"{place}.{column}", f"{place}.{option}.{column}")
    found = [text for text in (value(group, option, key) for key in keys) if text is not None]
    return f"`{yaml.safe_dump(found[0]).splitlines()[0]}`" if found else ""


def of_options(place: str, columns: list[str], is_chinese: bool) -> str:
    """Return the table of the options of a group, or of a folder of it."""
    group = place.partition("/")[0]
    names = [name for name in options(group) if f"{group}/{name}".startswith(f"{place}/")]
    heads = [f"`{group}=`", "说明" if is_chinese else "description"]
    for column in columns:
        is_fact = any(fact(group, name, column) is not None for name in names)
        head = column.replace("_", " ") if is_fact else f"`{column}`"
        heads.append(chinese_cells()["headings"].get(head, head) if is_chinese else head)
    rows = [heads, ["---"] * len(heads)]
    for name in names:
        said = chinese().get(group, {}).get(name) if is_chinese else None
        text = (said or description(group, name)).replace("|", "\\|")
        rows.append([f"`{name}`", text, *(cell(group, name, column, is_chinese) for column in columns)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def of_groups(table: str) -> str:
    """Return a table of groups with the last cell of each row filled anew; a cell with a link stays as it is."""
    rows = table.splitlines()
    for number, row in enumerate(rows):
        named = re.match(r"\| `(\w+)` \|(.*)\|([^|]*)\|$", row)
        if named and "](" not in named[3]:
            listed = " ".join(f"`{name}`" for name in options(named[1]))
            rows[number] = f"| `{named[1]}` |{named[2]}| {listed} |"
    return "".join(f"{row}\n" for row in rows)


def filled(page: Path) -> str:
    """Return a page's text with all tables up to date."""
    is_chinese = "zh" in page.parts or ".zh" in page.name

    def table(match: re.Match) -> str:
        start, place, columns, old, end = match.groups()
        new = of_groups(old) if place == "groups" else of_options(place, columns.split(), is_chinese)
        return start + new + end

    return TABLE.sub(table, page.read_text())


if __name__ == "__main__":
    pages = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
    stale = [page for page in pages if filled(page) != page.read_text()]
    if "--check" in sys.argv[1:]:
        for page in stale:
            print(f"{page.relative_to(ROOT)} is out of date; run python docs/tables.py")
        sys.exit(1 if stale else 0)
    for page in stale:
        page.write_text(filled(page))
        print(f"{page.relative_to(ROOT)} is rewritten")
