"""The scalars of a run as one table, `metrics.csv`, which a continued run appends to."""

import csv
import io
from argparse import Namespace
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only
from torch import Tensor

from gan_lightning.files import atomic_write
from gan_lightning.types import PositiveInt

FILE = "metrics.csv"


class MetricsCSV(Logger):
    """Writes a line of `metrics.csv` for each iteration with scalars; the iteration is in the column `step`.

    Columns are sorted by name; the file is written anew, in one step, when a scalar of a new name comes. Lightning's
    own logger of this kind deletes a table that exists, so a continued run would lose its past.

    Args:
        folder: the folder that the file is written to.
        flush_every: number of lines that are kept in memory before they are written; `save` writes them too.
    """

    def __init__(self, folder: str, flush_every: PositiveInt = 100) -> None:
        super().__init__()
        self.file = Path(folder) / FILE
        self.flush_every = flush_every
        self.columns: list[str] = []
        self.waiting: list[dict[str, Any]] = []

    @property
    def name(self) -> str:
        return ""

    @property
    def version(self) -> str:
        return ""

    @property
    def save_dir(self) -> str:
        return str(self.file.parent)

    def log_hyperparams(self, params: dict[str, Any] | Namespace) -> None:
        """Write nothing: the run folder has the configuration already."""

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        own = {name: value.item() if isinstance(value, Tensor) else value for name, value in metrics.items()}
        if self.waiting and self.waiting[-1]["step"] == step:
            self.waiting[-1] |= own
        else:
            self.waiting.append({**own, "step": step})
        if len(self.waiting) >= self.flush_every:
            self.save()

    @rank_zero_only
    def save(self) -> None:
        if not self.waiting:
            return
        known = self.columns or columns_of(self.file)
        self.columns = sorted({*known, *(name for row in self.waiting for name in row)})
        if self.columns != known:
            write_table(self.file, self.columns, read_table(self.file))
        with self.file.open("a", newline="") as stream:
            csv.DictWriter(stream, self.columns).writerows(self.waiting)
        self.waiting = []

    @rank_zero_only
    def finalize(self, status: str) -> None:
        self.save()


def columns_of(file: Path) -> list[str]:
    """Return the names of a table's columns; none for a file that is missing or empty."""
    if not file.is_file():
        return []
    with file.open(newline="") as stream:
        return next(csv.reader(stream), [])


def read_table(file: Path) -> list[dict[str, str]]:
    """Return the rows of a table, as text, without a last one that a killed process has not finished.

    A file that is missing has none.
    """
    if not file.is_file():
        return []
    with file.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    return rows[:-1] if is_torn(file) else rows


def is_torn(file: Path) -> bool:
    """Return whether the last line of a file was not finished."""
    return not file.read_bytes().endswith(b"\n")


def write_table(file: Path, columns: list[str], rows: list[dict[str, str]]) -> None:
    """Write a table in one step, so that a killed process leaves the old one or the new one."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(rows)
    with atomic_write(file) as stream:
        stream.write(text.getvalue().encode())
