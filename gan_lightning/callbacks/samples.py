"""Grids of generated images, always of the same numbers and seed, and one of real images."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from lightning import Callback, Trainer

from gan_lightning.callbacks.cadence import Cadence
from gan_lightning.callbacks.publishing import publish_image
from gan_lightning.models.game import AdversarialGame
from gan_lightning.reports.captions import captioned, headed
from gan_lightning.reports.pictures import picture_of_grid
from gan_lightning.reports.png import write_png
from gan_lightning.reports.tables import PLAYERS
from gan_lightning.types import Batch, Images, PositiveInt


class Samples(Callback):
    """Draws `samples/<iteration>.png` and the image `samples` in the loggers, of the same images, first to last.

    The model decides what a grid shows: images from noise, or inputs next to their translations, below headings. An
    image is a function of its number and the run's seed, so a resumed run draws the same. Colours are those of the
    fixed range [-1, 1], so grids can be compared. A grid is drawn before the first batch, at the cadence, and at the
    end; a cadence in epochs also draws the first epoch. `real.png` shows as many real images, from the first batches.

    Args:
        folder: the folder that the PNG files are written to.
        num_images: about how many images a grid has; a model by class draws `nrow` of each class instead.
        nrow: images in a row; fewer if the model's images belong together in threes or sixes.
        every_n_iterations: batches between grids; None to ignore iterations.
        every_n_epochs: epochs between grids; None to ignore epochs.
        caption: whether the PNG files have a caption: the epoch, the iteration, and each player's last loss.
    """

    def __init__(
        self,
        folder: str,
        num_images: PositiveInt = 64,
        nrow: PositiveInt = 8,
        every_n_iterations: PositiveInt | None = 500,
        every_n_epochs: PositiveInt | None = None,
        caption: bool = False,
    ) -> None:
        self.folder = Path(folder)
        self.num_images = num_images
        self.nrow = nrow
        self.cadence = Cadence(every_n_iterations, every_n_epochs)
        self.caption = caption
        self.numbers: list[int] = []
        self.real: list[Images] = []
        self.epoch = 0
        self.drawn = -1

    def on_train_start(self, trainer: Trainer, pl_module: AdversarialGame) -> None:
        data = trainer.datamodule  # type: ignore[attr-defined]
        count = max(1, self.num_images // len(pl_module.grid_headings))
        self.numbers = pl_module.generator_inputs.grid_numbers(count, self.nrow, data)
        self.epoch = trainer.current_epoch
        self._draw(trainer, pl_module)

    def on_train_batch_start(self, trainer: Trainer, pl_module: AdversarialGame, batch: Batch, batch_idx: int) -> None:
        if trainer.is_global_zero and not self._has("real.png"):
            self.real.append(pl_module.generator_inputs.real_grid(batch).cpu())
            if sum(map(len, self.real)) >= self._wanted(pl_module):
                self._draw_real(trainer, pl_module)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: AdversarialGame, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        self.epoch = trainer.current_epoch + 1
        ends_first_epoch = trainer.is_last_batch and trainer.current_epoch == 0
        if self.cadence.due_after_batch(trainer) or (self.cadence.every_n_epochs and ends_first_epoch):
            self._draw(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: AdversarialGame) -> None:
        self._draw(trainer, pl_module)
        if self.real:  # the run ended before there were as many as a grid shows
            self._draw_real(trainer, pl_module)

    def _draw(self, trainer: Trainer, module: AdversarialGame) -> None:
        if trainer.global_step != self.drawn:
            self.drawn = trainer.global_step
            module.average_buffers()
            images = module.grid(self.numbers, trainer.datamodule)  # type: ignore[attr-defined]
            caption = self._caption(trainer, module) if self.caption else []
            self._show(trainer, "samples", images, f"{trainer.global_step:07d}.png", module.grid_headings, caption)

    def _wanted(self, module: AdversarialGame) -> int:
        """Return how many images the grid of real ones has: as many as the others, in whole groups."""
        together = len(module.real_headings)
        return len(self.numbers) * len(module.grid_headings) // together * together

    def _draw_real(self, trainer: Trainer, module: AdversarialGame) -> None:
        images, self.real = torch.cat(self.real)[: self._wanted(module)], []
        self._show(trainer, "real", images, "real.png", module.real_headings)

    def _show(
        self,
        trainer: Trainer,
        tag: str,
        images: Images,
        name: str,
        headings: Sequence[str],
        caption: Sequence[str] = (),
    ) -> None:
        if not trainer.is_global_zero or self._has(name):  # a run that continues has its last grid
            return
        columns = min(max(1, self.nrow // len(headings)) * len(headings), len(images))
        grid = picture_of_grid(images, columns)
        if any(headings):
            grid = headed(grid, [*headings] * (columns // len(headings)))
        file = captioned(grid, *caption) if caption else grid
        write_png(file, self.folder / name, ", ".join(caption))
        publish_image(trainer, tag, grid, trainer.global_step)

    def _has(self, name: str) -> bool:
        return (self.folder / name).exists()

    def _caption(self, trainer: Trainer, module: AdversarialGame) -> list[str]:
        step = module.scalars.last_step
        losses = [
            f"{PLAYERS.get(name, name)} loss {float(step[f'{name}/loss']):.3f}"
            for name in module.players
            if f"{name}/loss" in step
        ]
        return [f"epoch {self.epoch}", f"iteration {trainer.global_step:,}", *losses]
