"""Plots of a run, drawn from its own files."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from lightning import Callback, Trainer

from gan_lightning.callbacks.cadence import Cadence
from gan_lightning.callbacks.checkpoint_io import BadStateError
from gan_lightning.data.images import read_image
from gan_lightning.evaluation.records import ScoreFile
from gan_lightning.files import add_name
from gan_lightning.models.game import AdversarialGame
from gan_lightning.reports.captions import panels
from gan_lightning.reports.curves import LOSSES, draw_curves, draw_panels
from gan_lightning.reports.grids import grids_by_iteration
from gan_lightning.reports.png import write_png
from gan_lightning.reports.tables import PLAYERS, loss_curves, output_curves, read_curves, score_curves
from gan_lightning.types import Batch, PositiveInt


class Plots(Callback):
    """Draws a run's curves, and real beside generated images, at a cadence and at the end of a run.

    `losses.png` shows the players' losses in every iteration and `epochs.png` their means in each epoch, `outputs.png`
    D's mean outputs on real and generated images, `scores.png` each score, and `real_and_fake.png` the grid of real
    images next to the newest grid of generated ones. All is read from the run folder, so the plots of a resumed run
    show the whole run. A plot is left out while there is nothing to show: its files are missing, or each curve of
    losses or outputs has fewer than two points.

    Args:
        folder: the folder that the plots are written to.
        losses: the file `losses.csv` with every iteration's losses.
        metrics: the file `metrics.csv` of the CSV logger.
        scores: the file `scores.jsonl` with the scores of training.
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
        scores: str,
        samples: str,
        every_n_iterations: PositiveInt | None = 500,
        every_n_epochs: PositiveInt | None = None,
        keep_each: bool = False,
    ) -> None:
        self.folder = Path(folder)
        self.losses, self.metrics, self.samples = Path(losses), Path(metrics), Path(samples)
        self.scores = ScoreFile(Path(scores))
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
        file = self.folder / "losses.png"
        if draw_curves(loss_curves(self.losses), LOSSES, "Loss", file) and self.keep_each:
            add_name(file, self.folder / f"losses_{trainer.global_step:07d}.png")
        metrics = read_curves(self.metrics, "step")
        outputs = output_curves(metrics)
        draw_curves(outputs, "Discriminator Outputs During Training", "Mean output", self.folder / "outputs.png")
        means = {
            PLAYERS.get(tag.split("/")[1], tag.split("/")[1]): (list(range(1, 1 + len(values))), values)
            for tag, (_, values) in metrics.items()
            if tag.startswith("epoch/") and tag.endswith("/loss")
        }
        draw_curves(means, "Mean Losses of Each Epoch", "Loss", self.folder / "epochs.png", "Epochs")
        draw_panels(score_curves(self.scores.read()), self.folder / "scores.png")
        real, grids = self.samples / "real.png", list(grids_by_iteration(self.samples).values())
        if real.is_file() and grids:
            with suppress(
                ValueError
            ):  # the folder of a continued run may have come from elsewhere with a damaged picture
                draw_beside(real, grids[-1], self.folder / "real_and_fake.png")


def draw_beside(real: Path, fake: Path, file: Path) -> None:
    """Draw two grids side by side, pixel by pixel, in panels of one size.

    Raises:
        ValueError: if one of the files cannot be read as a picture.
    """
    write_png(panels({"Real Images": read_image(real), "Fake Images": read_image(fake)}), file)
