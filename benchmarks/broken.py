"""Ten ways to break a GAN, and a healthy run beside them: trains each on digits and draws docs/images/broken/.

    python benchmarks/broken.py [healthy saturated ...]

Each picture has the first and the last grid, the losses and D's outputs; a dotted line marks the iteration at which the
guard spoke. The guard's sentences are printed. All ends within minutes on one core; runs stay in outputs/broken/.
"""

import csv
import json
import logging
import os
import shutil
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from lightning import seed_everything
from matplotlib.figure import Figure
from PIL import Image

from gan_lightning.callbacks.guard import Diverged
from gan_lightning.config import resolvers
from gan_lightning.types import Images

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "outputs" / "broken"
PICTURES = ROOT / "docs" / "images" / "broken"
COMMON = [
    "model.generator.width=16", "model.discriminator.width=16", "model.discriminator_optimizer.lr=0.0005", "data.batch_size=32", "trainer=cpu", "logger=default",
    "trainer.max_epochs=-1", "trainer.max_steps=400", "trainer.log_every_n_steps=5", "+trainer.enable_progress_bar=false",
    "callbacks.samples.num_images=25", "callbacks.samples.nrow=5", "callbacks.guard.every_n_iterations=50", "callbacks.guard.patience=100",
    "callbacks=[guard,samples,losses,scores]", "+trainer.enable_checkpointing=false",
]  # fmt: skip
"""The default model on the digits, narrow and short, with a guard that looks more often than it does by default."""
COPIES = "outputs/broken/copies"


class Failure(NamedTuple):
    """A way to break a run.

    Args:
        words: what is typed for it.
        spoil: what is done to the images [B, 1, 32, 32] of a batch, given its number; None for nothing.
    """

    words: list[str]
    spoil: Callable[[int, Images], Images] | None = None


def with_nan(number: int, images: Images) -> Images:
    return images.index_fill(0, torch.tensor([3]), float("nan")) if number == 150 else images


def as_bytes(number: int, images: Images) -> Images:
    return 127.5 * (images + 1)


FAILURES = {
    "healthy": Failure([]),
    "diverged": Failure(["model.discriminator_optimizer.lr=1e30"]),
    "nan_data": Failure([], with_nan),
    "exploding": Failure(["loss=least_squares", "norm=none", "model.discriminator_optimizer.lr=0.1"]),
    "saturated": Failure(["model.discriminator_optimizer.lr=0.002", "model.generator_optimizer.lr=0.00001"]),
    "nearly_collapsed": Failure(["model.generator_optimizer.lr=0.1"]),
    "without_rate": Failure(["model.generator_optimizer.lr=0"]),
    "without_gradient": Failure(
        ["loss=hinge", "model.generator_optimizer.lr=0.000001", "model.discriminator_optimizer.lr=0.001"]
    ),
    "equal_data": Failure(["data=folder", f"data.root={COPIES}", "data.image_size=32", "data.channels=1"]),
    "out_of_range": Failure([], as_bytes),
    "score_far_worse": Failure(
        [
            "metric=[fid]",
            "extractor=classifier",
            "callbacks.scores.every_n_iterations=100",
            "callbacks.scores.num_images=500",
            "schedule=linear",
            "model.schedule.start=0.5",
            "model.schedule.final=1000",
        ]
    ),
}


def write_copies() -> None:
    """Write one digit 64 times, as a script that opens the same file again and again does."""
    Path(COPIES).mkdir(parents=True, exist_ok=True)
    pixels = np.kron(np.eye(8, dtype=np.uint8) * 255, np.ones((4, 4), np.uint8))
    for number in range(64):
        Image.fromarray(pixels).save(Path(COPIES) / f"{number:02d}.png")


def train(name: str) -> Path:
    """Train until the end, or until the guard stops the run; return its folder."""
    failure, folder = FAILURES[name], FOLDER / name
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        config = compose("config", [*COMMON, *failure.words, f"run_dir={folder}"])
    seed_everything(config.seed, verbose=False)
    model, data, trainer = (instantiate(part) for part in (config.model, config.data, config.trainer))
    if failure.spoil:
        whole, count, spoil = data.batch, iter(range(10**9)), failure.spoil
        data.batch = lambda images, labels: whole([spoil(next(count), each) for each in images], labels)
    with suppress(Diverged):
        trainer.fit(model, data)
    return folder


def columns(file: Path, wanted: dict[str, str]) -> dict[str, tuple[list[int], list[float]]]:
    """Return the curves of a CSV file by their names in the picture; cells may be empty."""
    if not file.is_file():  # a run that ended in its first iteration
        return {}
    with file.open() as stream:
        rows = list(csv.DictReader(stream))
    clock = next(key for key in ("iteration", "step") if key in rows[0])
    found = {}
    for column, name in wanted.items():
        points = [(int(row[clock]), float(row[column])) for row in rows if row.get(column)]
        found[name] = tuple(map(list, zip(*points, strict=True))) if points else ([], [])
    return found


def draw(name: str, folder: Path, said: list[dict]) -> None:
    """Draw real images, the last grid and the curves of a run."""
    figure = Figure(figsize=(11, 2.6), layout="constrained")
    axes = figure.subplots(1, 4, width_ratios=[1, 1, 1.3, 1.3])
    grids = sorted(each for each in (folder / "samples").glob("*.png") if each.stem.isdigit())
    for place, file, title in (
        (axes[0], folder / "samples" / "real.png", "real images"),
        (axes[1], grids[-1], f"iteration {int(grids[-1].stem):,}"),
    ):
        if file.is_file():
            place.imshow(Image.open(file).convert("RGB"))
        place.set_title(title, fontsize=9)
        place.set_axis_off()
    losses = columns(folder / "losses.csv", {"discriminator": "D", "generator": "G"})
    outputs = columns(folder / "metrics.csv", {"d_out/real": "D(x)", "d_out/fake": "D(G(z))"})
    for place, curves, title in ((axes[2], losses, "losses"), (axes[3], outputs, "outputs of D")):
        for label, (x, y) in curves.items():
            place.plot(x, y, label=label, linewidth=1, marker="." if len(x) < 3 else "")
        finite = [abs(value) for _, y in curves.values() for value in y if np.isfinite(value)]
        if not finite:
            place.text(0.5, 0.5, "no finite value", transform=place.transAxes, ha="center", fontsize=9)
        elif max(finite) > 50:
            place.set_yscale("symlog")
        for each in said:
            place.axvline(each["iteration"], color="0.4", linestyle=":", linewidth=1)
        place.set_title(title, fontsize=9)
        place.tick_params(labelsize=8)
        if curves:
            place.legend(fontsize=8)
    PICTURES.mkdir(parents=True, exist_ok=True)
    figure.savefig(PICTURES / f"{name}.webp", dpi=90, pil_kwargs={"quality": 82})


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    logging.disable(logging.CRITICAL)
    resolvers.register()
    os.chdir(ROOT)
    write_copies()
    for name in names:
        folder = FOLDER / name
        shutil.rmtree(folder, ignore_errors=True)
        train(name)
        file = folder / "guard.jsonl"
        said = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        draw(name, folder, said)
        for each in said or [{"iteration": 0, "sentence": "nothing"}]:
            print(f"{name}: iteration {each['iteration']}: {each['sentence']}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or list(FAILURES))
