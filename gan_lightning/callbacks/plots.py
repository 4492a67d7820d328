"""Plots of a run, drawn from its own files."""

import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

from lightning import Callback, Trainer

from gan_lightning.callbacks.cadence import Cadence
from gan_lightning.callbacks.checkpoint_io import BadStateError
from gan_lightning.files import add_name, atomic_write
from gan_lightning.models.game import AdversarialGame
from gan_lightning.types import Batch, PositiveInt

Curve = tuple[list[int], list[float]]

PLAYERS = {"generator": "G", "discriminator": "D"}
OUTPUTS = {
    "d_out/real": "D(real)",
    "d_out/fake": "D(fake) in D's step",
    "d_out/fake_for_generator": "D(fake) in G's step",
}
COLUMNS = 1000
"""The width of a plot of curves in pixels."""
DOMAINS = {"": "", "_x": ", domain x", "_y": ", domain y"}


class Plots(Callback):
    """Draws `losses.png`, `outputs.png` and `real_and_fake.png` at a cadence and at the end of a run.

    They show the players' losses in every iteration, D's mean outputs on real and fake images, and the grid of real
    images next to the last grid of fakes. All is read from the run folder, so the plots of a resumed run show the whole
    run. A plot is left out while there is nothing to show: its files are missing, or a curve has fewer than two points.

    Args:
        folder: the folder that the plots are written to.
        losses: the file `losses.csv` with every iteration's losses.
        metrics: the file `metrics.csv` of the CSV logger.
        samples: the folder of the sample grids.
        every_n_iterations: batches between drawings; None to ignore iterations. The end of training is always drawn.
        every_n_epochs: epochs between drawings; None to ignore epochs.
        keep_each: whether each drawing of the losses also stays as `losses_<iteration>.png`.
    """

    def __init__(
        self,
        folder: str,
        losses: str,
        metrics: str,
        samples: str,
        every_n_iterations: PositiveInt | None = 1000,
        every_n_epochs: PositiveInt | None = None,
        keep_each: bool = False,
    ) -> None:
        self.folder = Path(folder)
        self.losses, self.metrics, self.samples = Path(losses), Path(metrics), Path(samples)
        self.cadence = Cadence(every_n_iterations, every_n_epochs)
        self.keep_each = keep_each
        self.is_due = False

    # The other callbacks write what is drawn when a batch ends, so the plots are drawn when the next one starts.

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: AdversarialGame, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        self.is_due = self.cadence.due_after_batch(trainer)

    def on_train_batch_start(self, trainer: Trainer, pl_module: AdversarialGame, batch: Batch, batch_idx: int) -> None:
        if self.is_due:
            self._draw(trainer)
        self.is_due = False

    def teardown(self, trainer: Trainer, pl_module: AdversarialGame, stage: str) -> None:
        """Draw the plots now, because the other callbacks write files in `on_train_end`, such as the last grid."""
        self._draw(trainer)

    def on_exception(self, trainer: Trainer, pl_module: AdversarialGame, exception: BaseException) -> None:
        if isinstance(exception, BadStateError):  # the curves up to there show what went wrong
            self._draw(trainer)

    def _draw(self, trainer: Trainer) -> None:
        if not trainer.is_global_zero:
            return
        for logger in trainer.loggers:
            logger.save()
        losses = {PLAYERS.get(name, name): curve for name, curve in read_curves(self.losses, "iteration").items()}
        title = "Generator and Discriminator Loss During Training"
        file = self.folder / "losses.png"
        if draw_curves(losses, title, "Loss", file) and self.keep_each:
            add_name(file, self.folder / f"losses_{trainer.global_step:07d}.png")
        metrics = read_curves(self.metrics, "step")
        outputs = {
            f"{label}{domain}": metrics[tag + suffix]
            for suffix, domain in DOMAINS.items()
            for tag, label in OUTPUTS.items()
            if tag + suffix in metrics
        }
        draw_curves(outputs, "Discriminator Outputs During Training", "Mean output", self.folder / "outputs.png")
        real, fake = self.samples / "real.png", self.samples / f"{trainer.global_step:07d}.png"
        if real.is_file() and fake.is_file():
            draw_beside(real, fake, self.folder / "real_and_fake.png")


def read_curves(file: Path, clock: str) -> dict[str, Curve]:
    """Return the iterations and values of every column of a table that has values; none if there is no file.

    Args:
        file: a table in CSV, such as metrics.csv.
        clock: the column of the iterations.
    """
    curves: dict[str, Curve] = defaultdict(lambda: ([], []))
    if file.is_file():
        with file.open(newline="") as stream:
            for row in csv.DictReader(stream):
                for name, value in row.items():
                    if value and name != clock:
                        curves[name][0].append(int(row[clock]))
                        curves[name][1].append(float(value))
    return dict(curves)


def draw_curves(curves: dict[str, Curve], title: str, unit: str, file: Path) -> bool:
    """Draw curves over iterations and save them as an image of about 10x5 inches, 100 pixels per inch.

    Return whether there was anything to draw: a curve of at least two points.
    """
    if all(len(iterations) < 2 for iterations, _ in curves.values()):
        return False
    figure, axes = _figure(10, 5, 1)
    for label, (iterations, values) in curves.items():
        axes[0].plot(*extremes(iterations, values), label=label, linewidth=1)
    axes[0].set(title=title, xlabel="Iterations", ylabel=unit)
    axes[0].legend()
    _save(figure, file)
    return True


def extremes(iterations: list[int], values: list[float]) -> Curve:
    """Return a curve that looks the same where it is `COLUMNS` pixels wide: the least and the largest of each column.

    A long run has many values in each pixel's column, and drawing all of them would take seconds.
    """
    width = len(values) // COLUMNS
    if width < 3:
        return iterations, values
    kept: list[int] = []
    for start in range(0, len(values), width):
        column = range(start, min(start + width, len(values)))
        kept += sorted({min(column, key=values.__getitem__), max(column, key=values.__getitem__)})
    return [iterations[index] for index in kept], [values[index] for index in kept]


def draw_beside(real: Path, fake: Path, file: Path) -> None:
    """Draw two grids side by side and save them as an image of about 15x8 inches, 100 pixels per inch."""
    from matplotlib.image import imread

    figure, axes = _figure(15, 8, 2)
    for panel, (title, grid) in zip(axes, (("Real Images", real), ("Fake Images", fake)), strict=True):
        panel.imshow(imread(grid))
        panel.set_title(title)
        panel.axis("off")
    _save(figure, file)


def _figure(width: int, height: int, panels: int) -> tuple[Any, list[Any]]:
    """Return a figure and its axes, which need no screen and do not change pyplot's state."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    return figure, [figure.add_subplot(1, panels, n + 1) for n in range(panels)]


def _save(figure: Any, file: Path) -> None:
    with atomic_write(file) as stream:  # a run may be killed while it draws, and the plot before must stay
        figure.savefig(stream, format="png", dpi=100, bbox_inches="tight")
