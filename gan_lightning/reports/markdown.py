"""Tables in Markdown."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from gan_lightning.evaluation.records import ScoreRecord


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table."""
    return [_line(titles), _line(["---"] * len(titles)), *map(_line, rows)]


def whole_records(records: Sequence[ScoreRecord]) -> str:
    """Return the fields of all records: a table of fields that differ, then a list of equal fields and warnings."""
    shown = [field.name for field in fields(ScoreRecord) if field.name != "warnings"]
    names = [name for name in shown if any(getattr(record, name) != [] for record in records)]
    texts = {name: [_text(getattr(record, name)) for record in records] for name in names}
    columns = list(dict.fromkeys(["score", "value", *(name for name in names if len(set(texts[name])) > 1)]))
    rows = zip(*(texts[name] for name in columns), strict=True)
    same = [f"- {name}: {texts[name][0]}" for name in names if name not in columns]
    warnings = [f"- {said}" for said in dict.fromkeys(said for record in records for said in record.warnings)]
    return "\n".join([*table(columns, rows), "", *same, *warnings])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in value.items())
    return f"{value:.6g}" if isinstance(value, float) else str(value)
