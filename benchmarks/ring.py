"""One multirun trains every objective of conf/experiment/ring on the eight Gaussians; this draws them side by side.

    python benchmarks/ring.py [seed ...]

Writes outputs/ring/ring.png and prints a Markdown table: modes covered (at least 1 % of 10,000 samples within three
sigma), samples within three sigma of a mode, and seconds of training on this machine.
"""

import csv
import subprocess
import sys
from pathlib import Path

import torch
from hydra.utils import instantiate
from matplotlib.figure import Figure
from omegaconf import OmegaConf

OBJECTIVES = ["wgan_gp", "hinge_sn", "relativistic", "least_squares", "non_saturating"]
FOLDER = Path(__file__).resolve().parent.parent / "outputs" / "ring"
POINTS = 10_000


def sweep(seeds: list[int]) -> list[Path]:
    """The jobs' folders, seed after seed, in the order of the objectives."""
    experiments = ",".join(f"ring/{objective}" for objective in OBJECTIVES)
    words = [f"seed={','.join(map(str, seeds))}", f"experiment={experiments}", f"hydra.sweep.dir='{FOLDER}/sweep'"]
    subprocess.run([sys.executable, "-m", "gan_lightning", "-m", *words, "trainer=cpu"], check=True)
    jobs = [path for path in (FOLDER / "sweep").iterdir() if path.is_dir()]
    return sorted(jobs, key=lambda path: int(path.name.split("_")[0]))[-len(OBJECTIVES) * len(seeds) :]


def points_of(job: Path):
    """Samples of a finished job, its ring and its iterations, from what it left behind."""
    config = OmegaConf.load(job / ".hydra" / "config.yaml")
    checkpoint = torch.load(job / "checkpoints" / "last.ckpt", weights_only=True)
    model, ring = instantiate(config.model), instantiate(config.data)
    model.load_state_dict(checkpoint["state_dict"])
    return model.sample(range(POINTS)), ring, checkpoint["global_step"]


def seconds_of(job: Path, images: int) -> float:
    """Training time by the logged throughput."""
    with (job / "metrics.csv").open() as stream:
        rates = [float(row["images_per_second"]) for row in csv.DictReader(stream) if row["images_per_second"]]
    return images * sum(1 / rate for rate in rates) / len(rates)


def main(seeds: list[int]) -> None:
    figure = Figure(figsize=(3 * len(OBJECTIVES), 3.3 * len(seeds)))
    print("| objective | seed | iterations | modes | near a mode | seconds |\n|---|---|---|---|---|---|")
    for number, job in enumerate(sweep(seeds)):
        seed, objective = seeds[number // len(OBJECTIVES)], OBJECTIVES[number % len(OBJECTIVES)]
        points, ring, iterations = points_of(job)
        near = ring.near(points)
        covered, part = int((near >= 0.01).sum()), float(near.sum())
        seconds = seconds_of(job, iterations * ring.batch_size)
        print(f"| {objective} | {seed} | {iterations} | {covered} of 8 | {part:.1%} | {seconds:.0f} |", flush=True)
        axes = figure.add_subplot(len(seeds), len(OBJECTIVES), number + 1)
        real = ring.draw(2000, torch.Generator().manual_seed(0))
        for images, colour in ((real, "0.8"), (points[:2000], "C0")):
            axes.scatter(*images.flatten(1).T, s=1, c=colour)
        axes.set(
            xlim=(-1, 1),
            ylim=(-1, 1),
            aspect="equal",
            title=f"{objective}, seed {seed}\n{covered} of 8, {part:.0%} near",
        )
        axes.set_axis_off()
    figure.savefig(FOLDER / "ring.png", dpi=80, bbox_inches="tight")
    print(f"\n{FOLDER / 'ring.png'}")


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [0, 1])
