"""Tables on the screen that leave out columns on a narrow one, and never cut what distinguishes the rows."""

import os
import sys
from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gan_lightning.printable import printable


class Screen(Console):
    """The terminal, or a pipe, after whose end nothing more is shown and the work goes on, as with `| head`."""

    def on_broken_pipe(self) -> None:
        """Show nothing more."""
        self.quiet, sys.stdout = True, open(os.devnull, "w")  # noqa: PTH123, SIM115


def show(console: Console, rows: Sequence[Mapping[str, str]], names: str, least: Sequence[str]) -> list[str]:
    """Print a table, and return the columns that the screen has no room for.

    Args:
        console: the screen.
        rows: the cells of each row by column; all rows have the same columns.
        names: the column that says what distinguishes the rows; it may take several lines.
        least: the columns that a narrow screen leaves out, the first ones first.
    """
    rows = [{name: _shown(console, cell) for name, cell in row.items()} for row in rows]
    kept = list(rows[0])
    needs = {name: max(len(text) for row in rows for text in (name, row[name])) for name in kept}
    needs[names] = max(len(word) for row in rows for word in (*names.split(), *row[names].split()))
    left = []
    for name in (name for name in least if name in rows[0]):
        if sum(needs[each] + 2 for each in kept) + 2 > console.width:
            kept.remove(name)
            left.append(name)
    screen = Table(box=box.SIMPLE, padding=(0, 1), collapse_padding=True)
    for name in kept:
        screen.add_column(name, overflow="fold", no_wrap=name != names)
    for row in rows:
        screen.add_row(*(Text(row[name]) for name in kept))  # rich would take brackets for markup
    console.print(screen)
    return left


def say(console: Console, line: str) -> None:
    """Print a line as it is, which the terminal may break where it ends."""
    console.print(_shown(console, line), markup=False, highlight=False, soft_wrap=True)


def _shown(console: Console, text: str) -> str:
    """Return a text as the terminal can show it; it may come from a run folder from elsewhere."""
    return printable(text.replace("±", "+-") if console.options.ascii_only else text)
