"""A comparison on the screen, as CSV and as Markdown."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as Screen
from rich.text import Text

from gan_lightning.evaluation.records import PROTOCOL, ScoreRecord, parts
from gan_lightning.reports.comparison import Figure, Ranking, Row, Table


def line(cells: Iterable[str]) -> str:
    """Of a table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def head(titles: Sequence[str]) -> list[str]:
    """The two lines that a table begins with."""
    return [line(titles), line(("---",) * len(titles))]


def whole_records(records: Sequence[ScoreRecord]) -> str:
    """A table of the scores with those fields that differ; then the fields that are the same for all, and warnings."""
    names = [field.name for field in fields(ScoreRecord) if field.name != "warnings"]
    texts = {name: [_text(getattr(record, name)) for record in records] for name in names}
    columns = list(dict.fromkeys(["score", "value", *(name for name in names if len(set(texts[name])) > 1)]))
    rows = [line(cells) for cells in zip(*(texts[name] for name in columns), strict=True)]
    same = [f"- {name}: {texts[name][0]}" for name in names if name not in columns]
    warnings = [f"- {said}" for said in dict.fromkeys(said for record in records for said in record.warnings)]
    return "\n".join([*head(columns), *rows, "", *same, *warnings])


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in value.items())
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def titles(records: list[ScoreRecord]) -> list[str]:
    """A title for a record of each protocol; those that would be the same say in what they differ, too."""
    short = [_title(record) for record in records]
    return [title + _apart(record, _alike(title, short, records)) for title, record in zip(short, records, strict=True)]


def _title(record: ScoreRecord) -> str:
    """The score and the part of its protocol that people ask for first."""
    norm = "" if record.batch_norm == "none" else f", batch norm {record.batch_norm}"
    against = f" against {record.n_real:,} of {record.split}" if record.n_real else ""
    return (
        f"{record.score} ({record.better} is better): {record.n_fake:,} fakes{against}, {record.extractor} "
        f"{record.extractor_sha256[:8]}, resize {record.resize}, {record.weights} weights{norm}"
    )


def _alike(title: str, short: list[str], records: list[ScoreRecord]) -> list[ScoreRecord]:
    return [record for other, record in zip(short, records, strict=True) if other == title]


def _apart(record: ScoreRecord, alike: list[ScoreRecord]) -> str:
    """The values in which a record differs from any of the others; empty where it stands alone."""
    every = [parts(other) for other in alike]
    names = dict.fromkeys(name for each in every for name in each)
    differing = [name for name in names if any(each.get(name) != every[0].get(name) for each in every)]
    return "".join(f", {name} {parts(record).get(name, 'none')}" for name in differing)


COLUMNS = ("rank", "run", "seeds", "last", "at iteration", "best", "at iteration")


def show(ranking: Ranking) -> None:
    """On the screen, the sentences last."""
    console = Console()
    for title, table in _titled(ranking):
        screen = Screen(*COLUMNS, title=Text(title), title_justify="left")
        for each in table.rows:
            screen.add_row(*map(Text, _cells(each)))  # a run's name may have brackets, which rich would take for markup
        console.print(screen)
    for said in ranking.refusals:
        console.print(said, markup=False, highlight=False, soft_wrap=True)


def write(ranking: Ranking, folder: Path) -> list[Path]:
    """`compare.csv` with plain numbers and the whole protocol, and `compare.md`."""
    as_csv, as_markdown = folder / "compare.csv", folder / "compare.md"
    as_markdown.write_text(markdown(ranking), encoding="utf-8")
    with as_csv.open("w", newline="", encoding="utf-8") as stream:
        rows = [_plain(number, table, row) for number, table in enumerate(ranking.tables, 1) for row in table.rows]
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return [as_csv, as_markdown]


def markdown(ranking: Ranking) -> str:
    """A heading and a table for each score and protocol, then the sentences."""
    lines = []
    for title, table in _titled(ranking):
        lines += [f"## {title}", "", *head(COLUMNS)]
        lines += [*(line(_cells(each)) for each in table.rows), ""]
    return "\n".join([*lines, *(f"- {said}" for said in ranking.refusals), ""])


def _titled(ranking: Ranking) -> list[tuple[str, Table]]:
    return list(zip(titles([table.record for table in ranking.tables]), ranking.tables, strict=True))


def _cells(row: Row) -> tuple[str, ...]:
    taken, every = len(row.runs), len(row.experiment.runs)
    seeds = str(taken) if taken == every else f"{taken} of {every}"
    last = _texts(row.last) if row.last else (f"no score: {row.failed}", "")
    best = _texts(row.best) if row.best else ("", "")
    return ("" if row.rank is None else str(row.rank), row.runs[0].name, seeds, *last, *best)


def _texts(figure: Figure) -> tuple[str, str]:
    return _number(figure), _span(figure.iterations)


def _number(figure: Figure) -> str:
    return f"{figure.mean:.4g}" + ("" if figure.deviation is None else f" ± {figure.deviation:.2g}")


def _span(iterations: tuple[int, ...]) -> str:
    return f"{iterations[0]:,}" + (f" to {iterations[-1]:,}" if len(iterations) > 1 else "")


def _plain(number: int, table: Table, row: Row) -> dict[str, Any]:
    rank = "" if row.rank is None else row.rank
    found: dict[str, Any] = {"table": number, "rank": rank, "run": row.runs[0].name, "seeds": len(row.runs)}
    for name, figure in (("last", row.last), ("best", row.best)):
        found[name] = figure.mean if figure else ""
        found[f"{name}_deviation"] = "" if figure is None or figure.deviation is None else figure.deviation
        found[f"{name}_iterations"] = " ".join(map(str, figure.iterations)) if figure else ""
    folders = {"failed": row.failed, "folders": " ".join(run.folder for run in row.runs)}
    return found | {name: getattr(table.record, name) for name in PROTOCOL} | folders
