"""A comparison of runs as tables on the screen, in Markdown and as plain numbers."""

import csv
from collections.abc import Sequence
from pathlib import Path

from gan_lightning.evaluation.records import PROTOCOL, protocol_values
from gan_lightning.reports import markdown, screen_table
from gan_lightning.reports.comparison import Row
from gan_lightning.reports.history import Draws
from gan_lightning.reports.screen_table import Screen, say

RANK, RUN, SEEDS, LAST, INTERVAL, AT, BEST, BEST_AT = COLUMNS = (
    "rank", "run", "seeds", "last", "95 % interval", "at", "best", "best at",
)  # fmt: skip
SHARED = {SEEDS: "seeds: {}", AT: "last score at iteration {}", BEST_AT: "best score at iteration {}"}
"""Columns that a line above the table replaces where all rows are equal, so that narrow terminals have room."""
LEAST = (BEST_AT, AT, SEEDS, BEST, INTERVAL)
"""Columns that a narrow screen leaves out, the first ones first."""
MAIN = ("n_fake", "n_real", "split", "extractor", "resize", "weights", "batch_norm")  # the protocol in each title


def show(tables: list[list[Row]], sentences: Sequence[str]) -> None:
    """Print the tables, then the sentences."""
    console = Screen()
    for title, rows in zip(_titles(tables), tables, strict=True):
        cells = [_cells(row) for row in rows]
        kept = [name for name in COLUMNS if _is_worth_a_column(name, [each[name] for each in cells])]
        equal = [said.format(cells[0][name]) for name, said in SHARED.items() if name not in kept and cells[0][name]]
        say(console, "; ".join([title, *equal]))
        for each in cells:
            each[LAST] = each[LAST].partition(":")[0]  # the reason for a missing score is said below the table
        left = screen_table.show(console, [{name: each[name] for name in kept} for each in cells], RUN, LEAST)
        for row in rows:
            if row.failed:
                say(console, f"{row.name}: no score: {row.failed}")
        if left:
            say(console, f"for want of room without {', '.join(left)}: see compare.md")
    for line in sentences:
        say(console, line)


def write(tables: list[list[Row]], sentences: Sequence[str], folder: Path) -> None:
    """Write `compare.md`, and `compare.csv` with plain numbers and the whole protocol."""
    lines = []
    for title, rows in zip(_titles(tables), tables, strict=True):
        lines += [f"## {title}", "", *markdown.table(COLUMNS, (list(_cells(row).values()) for row in rows)), ""]
    text = "\n".join([*lines, *(f"- {said}" for said in sentences), ""])
    (folder / "compare.md").write_text(text, encoding="utf-8")
    plain = [{"table": number, **_plain(row)} for number, rows in enumerate(tables, 1) for row in rows]
    with (folder / "compare.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(plain[0]))
        writer.writeheader()
        writer.writerows(plain)


def notes(tables: list[list[Row]]) -> list[str]:
    """Return sentences that say what the intervals and the ranks in tables mean."""
    ranked = [row for rows in tables for row in rows if row.last]
    of_seeds = [row for row in ranked if len(row.runs) > 1]
    of_one = [row for row in ranked if len(row.runs) == 1]
    said = []
    if of_seeds:
        said.append("± is the standard deviation over seeds of training, the interval that of their mean (Student's t)")
    if any(row.last and row.last.is_cut for row in ranked):
        said.append("an interval is cut where its score cannot be: a distance is not below 0, a share not above 1")
    if any(row.last and len(row.last.records) > 1 for row in of_one):
        said.append(
            "of a single run, ± and the interval are those over latent seeds: they say how exact its score is, and "
            "nothing about another seed of training"
        )
    if any(row.last and len(row.last.records) == 1 and row.last.interval for row in of_one):
        said.append("of a single run with one score, the interval is the score's own, over images")
    if any(row.ranks and row.ranks[0] < row.ranks[1] for row in ranked):
        said.append("ranks such as 1-2 are ties: intervals overlap, or scores are equal")
    if len(ranked) > 1 and any(row.last and not row.last.interval for row in of_one):
        said.append("a run of one seed has no interval, so its rank may be chance; seed=1,2,3 in a sweep gives one")
    return said


def _is_worth_a_column(name: str, cells: Sequence[str]) -> bool:
    """Return whether a column has anything that the rows do not have in common."""
    if name in SHARED:
        return len(set(cells)) > 1
    return name not in (RANK, INTERVAL) or any(cells)


def _titles(tables: list[list[Row]]) -> list[str]:
    """Return the main part of each table's protocol; titles that would be equal also name what they differ in."""
    protocols = [protocol_values(rows[0].record) for rows in tables]
    titles = []
    for own in protocols:
        alike = [other for other in protocols if all(other[name] == own[name] for name in ("score", *MAIN))]
        names = dict.fromkeys(name for other in alike for name in other)
        differing = [name for name in names if len({str(other.get(name)) for other in alike}) > 1]
        values = ", ".join(f"{name} {own.get(name) or 'none'}" for name in (*MAIN, *differing))
        titles.append(f"{own['score']} ({own['better']} is better): {values}")
    return titles


def _cells(row: Row) -> dict[str, str]:
    best, worst = row.ranks or ("", "")
    seeds = str(len(row.runs)) if len(row.runs) == len(row.experiment) else f"{len(row.runs)} of {len(row.experiment)}"
    interval = row.last.interval if row.last else None
    return {
        RANK: f"{best}" if best == worst else f"{best}-{worst}",
        RUN: row.name,
        SEEDS: seeds,
        LAST: str(row.last) if row.last else f"no score: {row.failed}",
        INTERVAL: f"{interval[0]:.4g} to {interval[1]:.4g}" if interval else "",
        AT: _iterations(row.last),
        BEST: str(row.best or ""),
        BEST_AT: _iterations(row.best),
    }


def _iterations(score: Draws | None) -> str:
    iterations = [f"{iteration:,}" for iteration in score.iterations] if score else []
    return " to ".join(dict.fromkeys([*iterations[:1], *iterations[-1:]]))


def _plain(row: Row) -> dict[str, object]:
    best, worst = row.ranks or (None, None)
    found: dict[str, object] = {"rank": best, "worst_rank": worst, "run": row.name, "seeds": len(row.runs)}
    for name, score in (("last", row.last), ("best", row.best)):
        found |= {name: score and score.mean, f"{name}_deviation": score and score.deviation}
        found |= {f"{name}_iterations": " ".join(map(str, score.iterations)) if score else ""}
    low, high = (row.last and row.last.interval) or (None, None)
    found |= {"last_low": low, "last_high": high}
    protocol = {name: getattr(row.record, name) for name in PROTOCOL}
    return found | {"failed": row.failed} | protocol | {"folders": " ".join(run.folder for run in row.runs)}
