"""Cells of a test's table: which of them run in `make test`, and which in `make slow`."""

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

import pytest


def cells(values: Iterable[Any], *, quick: Iterable[Any]) -> list[Any]:
    """Return all values for `pytest.mark.parametrize`; those that are not quick are marked as slow.

    A value for several arguments is a tuple.

    Raises:
        ValueError: if a quick value is none of the values, because then no cell would be quick.
    """
    values, quick = list(values), list(quick)
    if unknown := [value for value in quick if value not in values]:
        raise ValueError(f"quick must be among the values; got {unknown}")
    arguments = [value if isinstance(value, tuple) else (value,) for value in values]
    marks = [() if value in quick else pytest.mark.slow for value in values]
    return [pytest.param(*own, marks=mark) for own, mark in zip(arguments, marks, strict=True)]


def crossed(rows: Sequence[Any], columns: Sequence[Any]) -> list[Any]:
    """Return all pairs for `pytest.mark.parametrize`; those of the first row and of the first column are quick."""
    every = list(product(rows, columns))
    return cells(every, quick=[(row, column) for row, column in every if row == rows[0] or column == columns[0]])
