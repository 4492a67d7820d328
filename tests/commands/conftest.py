"""Fixtures that run commands."""

from support.evaluating import evaluate  # noqa: F401
from support.scored_runs import compare  # noqa: F401
