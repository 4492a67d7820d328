"""Images a second of `gan-lightning translate`, beside an earlier version of this project on the same files.

    git worktree add /tmp/before 1529855
    python benchmarks/translate.py --before /tmp/before [--rounds 3] [--case photos ...]

Every run is the real command in a process of its own, and the two versions take turns. The clock runs from the line that
says what is translated to the one that says what was written, so imports are not counted. In brackets is the CPU time of
an image, which says what to expect of idle cores where others are busy. The largest difference of two files' values is
printed too.
"""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_sample_images

HERE = Path(__file__).resolve().parent.parent


class Case(NamedTuple):
    """A network, and the files that it translates."""

    text: str
    words: list[str]
    files: int
    side: int
    suffix: str
    more: tuple[str, ...] = ()


CYCLEGAN = ["model=cyclegan", "data=photos_unpaired", "data.image_size=64"]
UNET = ["model=pix2pix", "data=photos_paired", "data.image_size=64", "model.generator.halvings=6"]
CASES = {
    "photos": Case("CycleGAN of `cyclegan_photos`, PNG of 128x128", ["experiment=cyclegan_photos"], 400, 128, "png"),
    "large": Case("CycleGAN of `cyclegan_photos`, JPEG of 512x512", ["experiment=cyclegan_photos"], 60, 512, "jpg"),
    "cyclegan": Case("the paper's CycleGAN of 6 blocks, JPEG of 128x128", CYCLEGAN, 60, 128, "jpg"),
    "cyclegan_256": Case("the paper's CycleGAN of 6 blocks, PNG of 256x256", CYCLEGAN, 16, 256, "png"),
    "batches": Case("the same, 128x128 in batches of 4", CYCLEGAN, 60, 128, "jpg", ("batch_size=4",)),
    "pix2pix": Case("the paper's U-Net with 6 halvings, PNG of 256x256", UNET, 60, 256, "png"),
    "small": Case("U-Net of `pix2pix_photos`, PNG of 128x128", ["experiment=pix2pix_photos"], 400, 128, "png"),
}


def command(root, *words):
    """Run the command of the version in a folder; yield each line, when it came, and the CPU seconds until then."""
    environment = os.environ | {"PYTHONPATH": str(root), "PYTHONUNBUFFERED": "1", "COLUMNS": "500"}
    environment.pop("OMP_NUM_THREADS", None)
    running = subprocess.Popen(
        [sys.executable, "-m", "gan_lightning", *words], env=environment, stdout=subprocess.PIPE, text=True, cwd=root
    )
    for line in running.stdout:
        ticks = Path(f"/proc/{running.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        yield line, time.perf_counter(), sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
    if running.wait():
        raise SystemExit(f"{' '.join(words)} ended with code {running.returncode}")


def photographs(folder, case):
    """Crops of scikit-learn's two photographs, each at another place."""
    folder.mkdir()
    places = np.random.default_rng(0)
    photos = [Image.fromarray(image) for image in load_sample_images().images]
    for number in range(case.files):
        photo = photos[number % 2]
        side = min(case.side, *photo.size)
        left, top = (places.integers(0, whole - side + 1) for whole in photo.size)
        crop = photo.crop((left, top, left + side, top + side)).resize((case.side, case.side))
        crop.save(folder / f"{number:04d}.{case.suffix}")


def measured(root, run, case, source, output):
    """Images a second, and milliseconds of CPU time for each image."""
    words = [f"run={run}", f"input={source}", f"output={output}", *case.more]
    log = f"hydra.run.dir={output.parent / 'log'}"
    found = [
        times
        for line, *times in command(root, "translate", *words, log)
        if "translating" in line or "images written" in line
    ]
    (began, used), (ended, used_then) = found[0], found[-1]
    return case.files / (ended - began), 1000 * (used_then - used) / case.files


def apart(one, other):
    """The largest difference of two folders' pixels, in levels."""
    return max(
        int(np.abs(np.asarray(Image.open(file)).astype(int) - np.asarray(Image.open(other / file.name))).max())
        for file in one.iterdir()
    )


def measure(home, case, before, rounds):
    photographs(home / "in", case)
    short = ["trainer=cpu", "trainer.max_steps=1", "callbacks=checkpoint", "logger=none", "data.batch_size=1"]
    turns = {before: [], HERE: []}
    outputs = {before: home / "before", HERE: home / "now"}
    runs = {before: home / "run_before", HERE: home / "run"}  # neither version has to read the other's checkpoints
    for root, run in runs.items():
        for _ in command(root, *case.words, *short, f"hydra.run.dir={run}"):
            pass
    for _ in range(rounds):
        for root, each in turns.items():
            shutil.rmtree(outputs[root], ignore_errors=True)
            each.append(measured(root, runs[root], case, home / "in", outputs[root]))
    old, new = turns.values()
    ratio = statistics.median(now / then for (then, _), (now, _) in zip(old, new, strict=True))
    cells = []
    for each in (old, new):
        speed, busy = (statistics.median(values) for values in zip(*each, strict=True))
        cells.append(f"{speed:.1f} ({busy:.0f} ms)")
    print(f"| {case.text} | {' | '.join(cells)} | {ratio:.2f} | {apart(*outputs.values())} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, required=True, help="a checkout of the earlier version")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--files", type=int, help="of each case, in place of its own number")
    parser.add_argument("--case", choices=CASES, nargs="*", default=list(CASES))
    given = parser.parse_args()
    print(
        f"images a second on {os.cpu_count()} cores ({platform.machine()}), torch {torch.__version__}, "
        f"{time.strftime('%Y-%m-%d')}, median of {given.rounds} rounds\n"
    )
    print("| | before | now | ratio | largest difference, levels of 255 |\n|---|---|---|---|---|", flush=True)
    for name in given.case:
        with tempfile.TemporaryDirectory() as folder:
            case = CASES[name]._replace(files=given.files or CASES[name].files)
            measure(Path(folder), case, given.before.resolve(), given.rounds)


if __name__ == "__main__":
    main()
