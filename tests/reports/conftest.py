"""Fixtures for scored runs."""

from support.scored_runs import compare  # noqa: F401
