"""The forecast of `gan-lightning start` beside the time that a run by its recipe takes, interleaved.

    python benchmarks/forecast.py [--rounds 3] [--iterations 500] [--side 48] [--hours 12] [--by-class]

The pictures are crops of scikit-learn's two photographs. In each round `start` writes a recipe in a folder of its own,
and the printed command trains by it for some iterations. What is compared is the time from the first iteration to the
end of training, grids, plots and checkpoints included, with that part of the forecast. Imports are left out of both.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_images

HERE = Path(__file__).resolve().parent
COUNT = 206
SECONDS = {"minutes": 60, "hours": 3600, "days": 86400}
CLOCK = """
import time
from pathlib import Path

from lightning import Callback


class Clock(Callback):
    def on_train_start(self, *_):
        self.began = time.perf_counter()

    def teardown(self, *_, **stage):
        Path("seconds.txt").write_text(str(time.perf_counter() - self.began))
"""


def make_pictures(folder, side, by_class):
    """Write crops of the two photographs, those of each in a sub-folder of its own if they are classes."""
    stream, photos = np.random.default_rng(0), load_sample_images().images
    for number in range(COUNT):
        photo = photos[number % 2]
        top, left = (stream.integers(0, length - side) for length in photo.shape[:2])
        place = folder / str(number % 2) if by_class else folder
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo[top : top + side, left : left + side]).save(place / f"{number}.png")


def command(folder, *words):
    path = os.pathsep.join([str(HERE.parent), str(folder), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "GAN_LIGHTNING_CACHE": str(folder / "cache")}
    line = [sys.executable, "-m", "gan_lightning", *words]
    done = subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def one_round(pictures, given):
    """Return the seconds that the forecast has for some iterations, those that they took, and what was trained."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "clock.py").write_text(CLOCK)
        command(folder, "start", str(pictures), f"hours={given.hours}")
        text = (folder / "experiment" / "mine.yaml").read_text()
        number, unit, whole = re.search(r"Forecast: ([\d.]+) (\w+) for ([\d,]+) iterations", text).groups()
        forecast = float(number) * SECONDS[unit] / int(whole.replace(",", "")) * given.iterations
        words = ["--config-dir", ".", "experiment=mine", f"trainer.max_steps={given.iterations}"]
        command(folder, *words, "+callbacks.clock._target_=clock.Clock")
        chosen = [re.search(rf"{key}: (\w+)", text)[1] for key in ("/model", "image_size", "batch_size")]
        return forecast, float((folder / "seconds.txt").read_text()), chosen


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("rounds", 3), ("iterations", 500), ("side", 48)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--hours", type=float, default=12)
    parser.add_argument("--by-class", action="store_true")
    given = parser.parse_args()
    print("| model | pixels | batch | forecast | run | ratio |\n|---|---|---|---|---|---|")
    ratios = []
    with tempfile.TemporaryDirectory() as place:
        make_pictures(Path(place), given.side, given.by_class)
        for _ in range(given.rounds):
            forecast, taken, chosen = one_round(Path(place), given)
            ratios.append(forecast / taken)
            print(f"| {' | '.join(chosen)} | {forecast:.1f} s | {taken:.1f} s | {ratios[-1]:.2f} |", flush=True)
    print(
        f"\nmedian of the ratios: {statistics.median(ratios):.2f}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )


if __name__ == "__main__":
    main()
