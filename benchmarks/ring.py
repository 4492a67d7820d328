"""Trains every objective of conf/experiment/ring on the eight Gaussians and draws them side by side.

    python benchmarks/ring.py [seed ...]

Writes outputs/ring/ring.png and prints a Markdown table: modes covered (at least 1 % of 10,000 samples within three
sigma), samples within three sigma of a mode, and seconds on this machine.
"""

import logging
import sys
import time
import warnings
from pathlib import Path

import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from lightning import Trainer, seed_everything
from matplotlib.figure import Figure

from gan_lightning.config import names

ROOT = Path(__file__).resolve().parent.parent
OBJECTIVES = ["wgan_gp", "hinge_sn", "relativistic", "least_squares", "non_saturating"]
POINTS = 10_000


def train(objective: str, seed: int):
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        config = compose("config", [f"experiment=ring/{objective}", f"seed={seed}", "run_dir=unused"])
    seed_everything(seed, verbose=False)
    model, ring = instantiate(config.model), instantiate(config.data)
    trainer = Trainer(
        accelerator="cpu",
        max_epochs=-1,
        max_steps=config.trainer.max_steps,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    begin = time.perf_counter()
    trainer.fit(model, ring)
    seconds = time.perf_counter() - begin
    points = model.sample(*model.fixed_inputs(POINTS))
    return points, ring, trainer.global_step, seconds


def main(seeds: list[int]) -> None:
    warnings.filterwarnings("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    names.register()
    figure = Figure(figsize=(3 * len(OBJECTIVES), 3 * len(seeds)))
    panels = iter(range(1, len(OBJECTIVES) * len(seeds) + 1))
    print("| objective | seed | iterations | modes | near a mode | seconds |\n|---|---|---|---|---|---|")
    for seed in seeds:
        for objective in OBJECTIVES:
            points, ring, iterations, seconds = train(objective, seed)
            near = ring.near(points)
            covered, part = int((near >= 0.01).sum()), float(near.sum())
            print(f"| {objective} | {seed} | {iterations} | {covered} of 8 | {part:.1%} | {seconds:.0f} |", flush=True)
            axes = figure.add_subplot(len(seeds), len(OBJECTIVES), next(panels))
            real = ring.draw(2000, torch.Generator().manual_seed(0))
            for images, colour in ((real, "0.8"), (points[:2000], "C0")):
                axes.scatter(*images.flatten(1).T, s=1, c=colour)
            axes.set(xlim=(-1, 1), ylim=(-1, 1), aspect="equal", title=f"{objective}, seed {seed}: {covered} of 8")
            axes.set_axis_off()
    file = ROOT / "outputs" / "ring" / "ring.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=100, bbox_inches="tight")
    print(f"\n{file.relative_to(ROOT)}")


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [0, 1])
