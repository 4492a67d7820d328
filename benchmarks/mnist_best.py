"""experiment=mnist_best beside four epochs of the Paddle course's DCGAN: the same time, and the distance to test images.

    python benchmarks/mnist_best.py --mnist DIR [--seeds 2]

For each seed both train at once, on one thread each, so that they share the machine's load. Scoring comes after the last
iteration and is not in the time. The distance is `fd_classifier` between 10,000 generated images and MNIST's 10,000
test images. The script prints a Markdown table.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

RECIPES = {
    "tutorial/paddle_dcgan_mnist": ["trainer.max_epochs=4"],
    "mnist_best": [],
}
SHARED = [
    "trainer=cpu", "data.num_workers=0", "extractor=classifier", "metric=[fid,modes]", "callbacks.scores.split=test",
    "callbacks.scores.num_images=10000", "callbacks.scores.every_n_iterations=null",
]  # fmt: skip
LINE = re.compile(r"iteration\s+([\d,]+)/.* ([\d:]+) elapsed")
"""A line of progress."""


def start(name: str, seed: int, mnist: str, folder: Path) -> subprocess.Popen:
    """Start a run in a process of its own."""
    words = [f"experiment={name}", *SHARED, *RECIPES[name], f"seed={seed}", f"data.root={mnist}"]
    command = [sys.executable, "-m", "gan_lightning", *words, f"hydra.run.dir={folder}"]
    return subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL)


def row(name: str, seed: int, folder: Path) -> str:
    """Return the row of a run that has ended."""
    iterations, elapsed = LINE.findall((folder / "train.log").read_text())[-1]
    records = [json.loads(line) for line in (folder / "scores.jsonl").read_text().splitlines()]
    last = {record["score"]: record for record in records}
    found = last["fd_classifier"]
    seen = f"{found['images_seen']:,}"
    return f"| `{name}` | {seed} | {iterations} | {seen} | {elapsed} | {found['value']:.3f} | {found['weights']} |"


def main() -> None:
    """Train both recipes with each seed, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", metavar="DIR", required=True, help="the folder with MNIST's four official files")
    parser.add_argument("--seeds", type=int, default=2, metavar="N")
    given = parser.parse_args()
    print("| experiment | seed | iterations | images seen | training | fd_classifier | weights |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as work:
        for seed in range(given.seeds):
            folders = {name: Path(work, f"{Path(name).name}_{seed}") for name in RECIPES}
            runs = [start(name, seed, str(Path(given.mnist).resolve()), folder) for name, folder in folders.items()]
            codes = [run.wait() for run in runs]
            if any(codes):
                raise SystemExit("a run has failed; its sentence is above")
            for name, folder in folders.items():
                print(row(name, seed, folder), flush=True)


if __name__ == "__main__":
    main()
