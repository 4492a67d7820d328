"""Train every model, loss and tutorial on small real data, and fill the tables of docs/results.md with what came of it.

    python benchmarks/results.py                    # digits, and what the tutorials' deviations cost
    python benchmarks/results.py --mnist DIR        # and MNIST, from its four official files
    python benchmarks/results.py --only dcgan       # rows whose name has this in it
    python benchmarks/results.py --page             # trains nothing, writes the tables of both languages again

Two runs of one thread train side by side. Each is a command that docs/results.json shows; it ends after 90 seconds, on
MNIST after 12 minutes, among the ablations after 1,000 iterations, and in other tables with its own length. A row that is
finished is in docs/results.json and is not trained again; the first seed of each comes first, so that there is a whole
page early. Pictures are the last grid of the first seed. The README shows some of the rows.

Generated images are compared with held-out real ones by `fd_classifier`. The floor of a table is the score of as many
training images: a generator that copies reaches it, and one that has learned the distribution comes near it.
"""

import argparse
import csv
import json
import platform
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from io import BytesIO
from os import environ
from pathlib import Path

import torch
from PIL import Image
from results_rows import ROWS, SEEDS, SHARED, Row, key, name_of_picture
from results_tables import PICTURES, ROOT, keep, results, write_pages

from gan_lightning.metrics.extractors.classifier import Classifier
from gan_lightning.metrics.fid import FrechetDistance
from gan_lightning.metrics.images import read_batches
from gan_lightning.metrics.statistics import Statistics

LARGEST_PICTURE = 100_000
"""Bytes; a larger picture is made smaller until it is not."""


def train(row: Row, seed: int, mnist: str, work: Path) -> dict:
    """Train a run in a process of its own, and return what the page tells of it."""
    folder = work / f"{name_of_picture(row)}_{seed}"
    commands = [[*row.command(seed), f"hydra.run.dir={folder}"]]
    if row.batch_norm:
        options = "extractor=classifier metric=[fid,modes] split=test num_images=1438"
        commands.append(["evaluate", f"run={folder}", *options.split(), f"batch_norm={row.batch_norm}"])
    shown = ["gan-lightning " + " ".join(words).replace(str(folder), "RUN") for words in commands]
    found = {"command": " && ".join(shown), "date": str(date.today()), **machine()}
    for words in commands:
        command = [sys.executable, "-m", "gan_lightning", *(word.replace("DIR", mnist) for word in words)]
        done = subprocess.run(command, capture_output=True, text=True, env={**environ, "OMP_NUM_THREADS": "1"})
        if done.returncode:
            lines = (done.stderr or done.stdout).strip().splitlines()
            return {**found, "failed": lines[-1] if lines else f"exit code {done.returncode}"}
    if seed == row.seeds[0] and not row.batch_norm:
        keep_picture(max((folder / "samples").glob("0*.png")), PICTURES / f"{name_of_picture(row)}.png")
    took = seconds(json.loads((folder / "environment.json").read_text())["time of the last part"])
    return {**found, "seconds": took, **(pair_scores if row.table == "translation" else scores)(folder, row)}


def scores(folder: Path, row: Row) -> dict:
    """Return the distance to held-out images, last and best, the classes that were hit, and the protocol."""
    file = folder / ("evaluations.jsonl" if row.batch_norm else "scores.jsonl")
    records = [json.loads(line) for line in file.read_text().splitlines()]
    distances = [record for record in records if record["score"] == row.score]
    protocol = ("images_seen", "n_real", "n_fake", "weights", "extractor_sha256", "versions")
    return {
        "last": distances[-1]["value"],
        "best": min(record["value"] for record in distances),
        "classes": [record["value"] for record in records if record["score"] == "modes_hit"][-1],
        **{name: distances[-1][name] for name in protocol},
    }


def pair_scores(folder: Path, row: Row) -> dict:
    """Return the likeness of translated test images to their targets at the end; nothing for data without pairs."""
    with (folder / "metrics.csv").open(newline="") as stream:
        values = [line[tag] for line in csv.DictReader(stream) if line.get(tag := f"pairs/{row.score}")]
    return {"last": float(values[-1])} if values else {}


def seconds(duration: str) -> int:
    """Return the seconds of a duration such as 0:01:33."""
    hours, minutes, rest = duration.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(rest)


def machine() -> dict:
    """Return the processor of this machine, as Linux names it, and that one thread is used."""
    info = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", info.read_text()) if info.exists() else []
    return {"hardware": f"{names[0] if names else platform.machine()}, one thread"}


def keep_picture(source: Path, target: Path) -> None:
    """Write a grid as PNG of at most 100 KB, reduced where it would be larger."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(source, formats=["PNG"]) as opened:
        image = opened.convert("RGB")
    while True:
        stream = BytesIO()
        image.save(stream, "PNG", optimize=True)
        if stream.tell() <= LARGEST_PICTURE:
            break
        image = image.resize((image.width * 4 // 5, image.height * 4 // 5), Image.Resampling.LANCZOS)
    target.write_bytes(stream.getvalue())


def floor(table: str, mnist: str) -> dict:
    """Return the score of training images, as many as the rows generate, against the held-out images of a table."""
    from hydra import compose, initialize_config_dir
    from hydra.utils import instantiate

    from gan_lightning.config import resolvers  # noqa: F401, the configuration uses them

    with initialize_config_dir(str(ROOT / "conf"), version_base=None):
        words = [word.replace("DIR", mnist) for word in SHARED[table].split()]
        config = compose("config", [*words, "data.image_size=32", "run_dir=."])
    data = instantiate(config.data)
    data.prepare_data()
    data.setup("fit")
    train_images, held_out = (data.evaluation_images(split)[0] for split in ("train", "test"))
    extractor, metric = Classifier(), FrechetDistance()
    extractor.prepare(train_images, held_out, data.cache_folder)
    count = min(config.callbacks.scores.num_images, len(train_images))
    numbers = [position * len(train_images) // count for position in range(count)]
    real, copied = (
        Statistics.from_images(read_batches(images, chosen, 64), extractor, metric.real_inputs)
        for images, chosen in ((held_out, range(len(held_out))), (train_images, numbers))
    )
    return {
        "last": metric(real, copied)[0].value,
        "n_real": len(held_out),
        "n_fake": count,
        "date": str(date.today()),
        **machine(),
    }


def main() -> None:
    """Train what is missing, the first seeds first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", metavar="DIR", help="the folder with MNIST's four official files")
    parser.add_argument("--only", default="", metavar="WORD", help="rows whose name has this word in it")
    parser.add_argument("--seeds", type=int, default=len(SEEDS), metavar="N", help="only the first N seeds")
    parser.add_argument("--page", action="store_true", help="write the pages from docs/results.json and train nothing")
    parser.add_argument("--jobs", type=int, default=2, help="runs side by side")
    given = parser.parse_args()
    if given.page:
        return write_pages()
    mnist = str(Path(given.mnist).resolve()) if given.mnist else ""
    tables = [name for name in SHARED if mnist or "DIR" not in SHARED[name]]
    rows = [row for row in ROWS if row.table in tables and given.only in row.name]
    todo = [(row, seed) for number in range(given.seeds) for row in rows for seed in row.seeds[number : number + 1]]
    todo = [(row, seed) for row, seed in todo if key(row, seed) not in results()]
    torch.set_num_threads(1)
    for name in ("digits", "mnist"):
        if name in tables and f"{name} floor" not in results():
            keep(f"{name} floor", floor(name, mnist))
    with tempfile.TemporaryDirectory() as work, ThreadPoolExecutor(given.jobs) as pool:
        runs = pool.map(lambda run: (run, train(*run, mnist, Path(work))), todo)
        for (row, seed), found in runs:
            keep(key(row, seed), found)
            print(key(row, seed), found.get("last", found.get("failed")), flush=True)


if __name__ == "__main__":
    main()
