"""Scatter plots of generated points, for data of two coordinates."""

from pathlib import Path
from typing import Any

from lightning import Callback, Trainer

from gan_lightning.callbacks.cadence import Cadence
from gan_lightning.callbacks.publishing import publish_image
from gan_lightning.data.images import read_image
from gan_lightning.models.game import AdversarialGame
from gan_lightning.reports.curves import empty_figure, legend_below, save_figure
from gan_lightning.types import Batch, Images, PositiveInt


class Points(Callback):
    """Draws `<iteration>.png`: generated points from the same latents each time, over the last batch's real points.

    The loggers show the same as the image `samples`. Both axes show [-1, 1].

    Args:
        folder: the folder that the PNG files are written to.
        num_points: how many generated points a plot shows.
        every_n_iterations: batches between plots; None to ignore iterations. The end of training is always drawn.
        every_n_epochs: epochs between plots; None to ignore epochs.
    """

    def __init__(
        self,
        folder: str,
        num_points: PositiveInt = 1000,
        every_n_iterations: PositiveInt | None = 500,
        every_n_epochs: PositiveInt | None = None,
    ) -> None:
        self.folder = Path(folder)
        self.num_points = num_points
        self.cadence = Cadence(every_n_iterations, every_n_epochs)
        self.real: Images | None = None

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: AdversarialGame, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        self.real = pl_module.real_images(batch)
        if self.cadence.due_after_batch(trainer):
            self._draw(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: AdversarialGame) -> None:
        self._draw(trainer, pl_module)

    def _draw(self, trainer: Trainer, module: AdversarialGame) -> None:
        module.average_buffers()
        if not trainer.is_global_zero or self.real is None:
            return
        figure = empty_figure(4, 4.3)
        axes = figure.add_subplot()
        generated = module.grid(range(self.num_points))
        for images, colour, label in ((self.real, "0.7", "real"), (generated, "C0", "generated")):
            x, y = images.detach().float().cpu().flatten(1).T
            axes.scatter(x, y, s=3, c=colour, label=label)
        axes.set(xlim=(-1, 1), ylim=(-1, 1), aspect="equal", title=f"Iteration {trainer.global_step:,}")
        legend_below(figure, markerscale=3)
        file = self.folder / f"{trainer.global_step:07d}.png"
        save_figure(figure, file)
        publish_image(trainer, "samples", read_image(file), trainer.global_step)
