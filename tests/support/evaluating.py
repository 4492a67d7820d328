"""`gan-lightning evaluate`, run in the process of the test."""

from pathlib import Path

import pytest

from gan_lightning.evaluation.records import ScoreFile
from support.command import front_door


@pytest.fixture
def evaluate(monkeypatch, capfd):
    """Run the command; return the exit code, stdout and stderr together, and the records that it wrote."""
    monkeypatch.setenv("COLUMNS", "200")

    def scored(*words):
        capfd.readouterr()
        code = front_door("evaluate", "device=cpu", *words)
        shown = capfd.readouterr()
        written = sorted(Path("outputs").glob("evaluate/*/evaluation.jsonl"))
        records = ScoreFile(written[-1]).read() if written else []
        return code, shown.out + shown.err, records

    return scored
