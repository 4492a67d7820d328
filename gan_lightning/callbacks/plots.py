"""Plots of a finished run, drawn from its own files."""

import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

from lightning import Callback, LightningModule, Trainer

Curve = tuple[list[int], list[float]]

OUTPUTS = {
    "d_out/real": "D(real)",
    "d_out/fake": "D(fake) in D's step",
    "d_out/fake_for_generator": "D(fake) in G's step",
}
DOMAINS = {"": "", "_x": ", domain x", "_y": ", domain y"}


class Plots(Callback):
    """Draws `losses.png`, `outputs.png` and `real_and_fake.png` at the end of a run.

    They show both players' losses and D's mean outputs on real and fake images, over iterations, and the grid of real
    images next to the last grid of fakes. A plot whose files are missing is left out.

    Args:
        folder: the folder that the plots are written to.
        metrics: the file `metrics.csv` of the CSV logger.
        samples: the folder of the sample grids.
    """

    def __init__(self, folder: str, metrics: str, samples: str) -> None:
        self.folder = Path(folder)
        self.metrics = Path(metrics)
        self.samples = Path(samples)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Draw the plots now, because the other callbacks write files in `on_train_end`, such as the last grid."""
        if not trainer.is_global_zero:
            return
        for logger in trainer.loggers:
            logger.save()
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.metrics.is_file():
            curves = read_curves(self.metrics)
            tags = {"G": "generator/loss", "D": "discriminator/loss"}
            losses = {label: curves[tag] for label, tag in tags.items() if tag in curves}
            title = "Generator and Discriminator Loss During Training"
            draw_curves(losses, title, "Loss", self.folder / "losses.png")
            outputs = {
                f"{label}{domain}": curves[tag + suffix]
                for suffix, domain in DOMAINS.items()
                for tag, label in OUTPUTS.items()
                if tag + suffix in curves
            }
            title = "Discriminator Outputs During Training"
            draw_curves(outputs, title, "Mean output", self.folder / "outputs.png")
        real, fake = self.samples / "real.png", self.samples / f"{trainer.global_step:07d}.png"
        if real.is_file() and fake.is_file():
            draw_beside(real, fake, self.folder / "real_and_fake.png")


def read_curves(metrics: Path) -> dict[str, Curve]:
    """Return the iterations and values of every column of a metrics.csv that has values."""
    curves: dict[str, Curve] = defaultdict(lambda: ([], []))
    with metrics.open(newline="") as stream:
        for row in csv.DictReader(stream):
            for name, value in row.items():
                if value and name != "step":
                    curves[name][0].append(int(row["step"]))
                    curves[name][1].append(float(value))
    return dict(curves)


def draw_curves(curves: dict[str, Curve], title: str, unit: str, file: Path) -> None:
    """Draw curves over iterations and save them as an image of about 10x5 inches, 100 pixels per inch."""
    figure, axes = _figure(10, 5, 1)
    for label, (iterations, values) in curves.items():
        axes[0].plot(iterations, values, label=label, linewidth=1)
    axes[0].set(title=title, xlabel="Iterations", ylabel=unit)
    if curves:
        axes[0].legend()
    figure.savefig(file, dpi=100, bbox_inches="tight")


def draw_beside(real: Path, fake: Path, file: Path) -> None:
    """Draw two grids side by side and save them as an image of about 15x8 inches, 100 pixels per inch."""
    from matplotlib.image import imread

    figure, axes = _figure(15, 8, 2)
    for panel, (title, grid) in zip(axes, (("Real Images", real), ("Fake Images", fake)), strict=True):
        panel.imshow(imread(grid))
        panel.set_title(title)
        panel.axis("off")
    figure.savefig(file, dpi=100, bbox_inches="tight")


def _figure(width: int, height: int, panels: int) -> tuple[Any, list[Any]]:
    """Return a figure and its axes, which need no screen and do not change pyplot's state."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    return figure, [figure.add_subplot(1, panels, n + 1) for n in range(panels)]
