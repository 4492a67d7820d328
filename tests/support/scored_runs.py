"""Run folders with scores, and `gan-lightning compare` on them."""

import csv
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hydra.core.global_hydra import GlobalHydra

from gan_lightning.__main__ import main
from gan_lightning.config.record import SECTIONS, Part, RunRecord
from gan_lightning.evaluation.records import ScoreFile, ScoreRecord

RECORD = ScoreRecord(
    weights="ema", batch_norm="eval", latent_seed=0, precision="32-true", iteration=100, images_seen=800, seed=0,
    run="", score="fid", better="lower", value=10.0, settings={}, n_real=5000, n_fake=5000, split="train", data="abc",
    resize="legacy", extractor="inception", extractor_sha256="6726825d", versions={"torch": "2"}, warnings=[],
)  # fmt: skip


def scored(folder, values, config=None, file="scores.jsonl", typed=(), **changes):
    """Write a run folder with a score for each iteration, and return its path."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    own = config or {"seed": 0, "name": str(folder)}
    RunRecord([], {section: {} for section in SECTIONS} | own, [Part(0, list(typed))]).write(place)
    records = [replace(RECORD, iteration=at, value=value, **changes) for at, value in values.items()]
    ScoreFile(place / file).append(records)
    return str(place)


def checkpoint(run, *names):
    """Make empty files, because `compare` reads their names alone."""
    (Path(run) / "checkpoints").mkdir(exist_ok=True)
    for name in names:
        (Path(run) / "checkpoints" / name).touch()


def seeds(*changes):
    """Return runs of one configuration whose records differ in the given ways."""
    config = {"model": {"width": 4}}
    return [
        scored(f"seed={seed}", {1: value}, {"seed": seed, **config}, seed=seed, **change)
        for seed, (value, change) in enumerate(changes)
    ]


@pytest.fixture
def compare(monkeypatch, capsys):
    """Run the command in this process; return the exit code, stdout, stderr, and the rows of compare.csv."""

    def run(*words, columns=200):
        GlobalHydra.instance().clear()
        monkeypatch.setattr(sys, "argv", ["gan-lightning", "compare", *words])
        monkeypatch.setenv("COLUMNS", str(columns))
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code
        shown = capsys.readouterr()
        files = sorted(Path("outputs/compare").glob("*/compare.csv")) if Path("outputs").exists() else []
        rows = list(csv.DictReader(files[-1].open())) if files else []
        return code, shown.out, shown.err, rows

    return run
