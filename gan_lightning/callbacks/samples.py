"""Grids of generated images, always of the same numbers and seed, and one of real images."""

from pathlib import Path
from typing import Any

from lightning import Callback, Trainer

from gan_lightning.callbacks.cadence import Cadence
from gan_lightning.callbacks.publishing import publish_image
from gan_lightning.models.game import AdversarialGame
from gan_lightning.reports.pictures import picture_of_grid, write_png
from gan_lightning.types import Batch, Images, PositiveInt


class Samples(Callback):
    """Draws `samples/<iteration>.png` and the image `samples` in the loggers, of the same images, first to last.

    The model decides what a grid shows: images from noise, or inputs next to their translations. An image is a function
    of its number and the run's seed, so a resumed run draws the same. Colours are those of the fixed range [-1, 1],
    so grids can be compared. A grid is drawn before the first batch, at the cadence, and at the end; a cadence in
    epochs also draws the first epoch.

    Args:
        folder: the folder that the PNG files are written to.
        num_images: about how many images a grid has; a model by class draws `nrow` of each class instead.
        nrow: images in a row; fewer if the model's images belong together in threes or sixes.
        every_n_iterations: batches between grids; None to ignore iterations.
        every_n_epochs: epochs between grids; None to ignore epochs.
    """

    def __init__(
        self,
        folder: str,
        num_images: PositiveInt = 64,
        nrow: PositiveInt = 8,
        every_n_iterations: PositiveInt | None = 500,
        every_n_epochs: PositiveInt | None = None,
    ) -> None:
        self.folder = Path(folder)
        self.num_images = num_images
        self.nrow = nrow
        self.cadence = Cadence(every_n_iterations, every_n_epochs)
        self.numbers: list[int] = []
        self.drawn = -1

    def on_train_start(self, trainer: Trainer, pl_module: AdversarialGame) -> None:
        data = trainer.datamodule  # type: ignore[attr-defined]
        count = max(1, self.num_images // pl_module.grid_columns)
        self.numbers = pl_module.generator_inputs.grid_numbers(count, self.nrow, data)
        self._draw(trainer, pl_module)

    def on_train_batch_start(self, trainer: Trainer, pl_module: AdversarialGame, batch: Batch, batch_idx: int) -> None:
        if pl_module.grid_columns == 1 and not (self.folder / "real.png").exists():
            real = pl_module.real_images(batch, *pl_module.directions)
            self._show(trainer, "real", real[: self.num_images], "real.png", self.nrow)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: AdversarialGame, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        ends_first_epoch = trainer.is_last_batch and trainer.current_epoch == 0
        if self.cadence.due_after_batch(trainer) or (self.cadence.every_n_epochs and ends_first_epoch):
            self._draw(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: AdversarialGame) -> None:
        self._draw(trainer, pl_module)

    def _draw(self, trainer: Trainer, module: AdversarialGame) -> None:
        if trainer.global_step != self.drawn:
            self.drawn = trainer.global_step
            module.average_buffers()
            images = module.grid(self.numbers, trainer.datamodule)  # type: ignore[attr-defined]
            nrow = max(1, self.nrow // module.grid_columns) * module.grid_columns
            self._show(trainer, "samples", images, f"{trainer.global_step:07d}.png", nrow)

    def _show(self, trainer: Trainer, tag: str, images: Images, name: str, nrow: int) -> None:
        if not trainer.is_global_zero or (self.folder / name).exists():  # a run that continues has its last grid
            return
        grid = picture_of_grid(images, nrow)
        write_png(grid, self.folder / name)
        publish_image(trainer, tag, grid, trainer.global_step)
