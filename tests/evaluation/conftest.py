"""Fixtures that run commands."""

from support.evaluating import evaluate  # noqa: F401
