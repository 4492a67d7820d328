"""A run folder as it was at an iteration: the records of a run, cut there or copied from another run up to there."""

import shutil
from pathlib import Path

from gan_lightning.callbacks.metrics_csv import columns_of, is_torn, read_table, write_table
from gan_lightning.evaluation.records import ScoreFile
from gan_lightning.files import atomic_write

TABLES = {"metrics.csv": "step", "losses.csv": "iteration"}
"""Tables of a run, each with its column of iterations."""
LISTS = ("scores.jsonl", "evaluations.jsonl", "guard.jsonl")
"""Files with one JSON object in a line."""
EVENTS = "events.out.tfevents.*"


def rewind(folder: Path, iteration: int) -> None:
    """Remove what a run has recorded after an iteration, so that it can continue from there; each file in one step.

    Tables, scores, TensorBoard's events and sample images are cut; checkpoints stay.

    Args:
        folder: the run folder.
        iteration: the last iteration that is kept.
    """
    for name, column in TABLES.items():
        file = folder / name
        kept = [row for row in read_table(file) if int(row[column]) <= iteration]
        if file.is_file() and len(kept) + 1 < file.read_bytes().count(b"\n") + is_torn(file):
            write_table(file, columns_of(file), kept)
    for name in LISTS:
        ScoreFile(folder / name).rewind(iteration)
    for file in sorted(folder.glob(EVENTS)):
        _cut_events(file, max(iteration, 0))  # each file begins with a record of iteration 0
    for image in [*(folder / "samples").glob("*.png"), *(folder / "plots").glob("*.png")]:
        if image.stem.isdecimal() and int(image.stem) > iteration:
            image.unlink()


def begin_with(folder: Path, parent: Path, iteration: int) -> None:
    """Give a new run folder the records of another run up to an iteration."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (*TABLES, *LISTS, *(file.name for file in parent.glob(EVENTS))):
        if (parent / name).is_file():
            shutil.copyfile(parent / name, folder / name)
    if (parent / "samples").is_dir():
        shutil.copytree(parent / "samples", folder / "samples", dirs_exist_ok=True)
    rewind(folder, iteration)


def _cut_events(file: Path, iteration: int) -> None:
    """Keep the events up to an iteration; a record that a killed process has not finished is dropped."""
    # Only a run that continues needs these.
    from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.summary.writer.record_writer import RecordWriter

    raw = list(RawEventFileLoader(str(file)).Load())
    kept = [record for record in raw if Event.FromString(record).step <= iteration]
    size = sum(len(record) + 16 for record in kept)  # a record's length and two check sums take 16 bytes
    if size == file.stat().st_size:  # nothing to cut, as in the file that the logger has just begun
        return
    with atomic_write(file) as stream:
        writer = RecordWriter(stream)
        for record in kept:
            writer.write(record)
