"""The one way by which scalars, images and texts of callbacks reach the loggers of a run."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
from lightning import Trainer
from lightning.pytorch.loggers import TensorBoardLogger, WandbLogger
from PIL import Image

COLUMNS = ["iteration", "text"]
"""The columns of the tables in which Weights & Biases keeps texts."""


@runtime_checkable
class LogsImages(Protocol):
    """A logger that takes images, as those of Weights & Biases and SwanLab do."""

    def log_image(self, key: str, images: list[Any], step: int | None = None) -> None:
        """Log images under a name."""


@runtime_checkable
class LogsTexts(Protocol):
    """A logger that takes texts, as that of SwanLab does."""

    def log_text(self, key: str, texts: list[Any], step: int | None = None) -> None:
        """Log texts under a name."""


def publish_scalars(trainer: Trainer, scalars: Mapping[str, float], step: int) -> None:
    """Send scalars by name to every logger.

    Args:
        trainer: whose loggers are meant.
        scalars: the values by name, such as `scores/fid`.
        step: the iteration that they belong to.
    """
    for logger in trainer.loggers:
        logger.log_metrics(dict(scalars), step=step)


def publish_image(trainer: Trainer, tag: str, image: Image.Image, step: int) -> None:
    """Send an image to every logger that shows images; the first process alone does.

    Args:
        trainer: whose loggers are meant.
        tag: the name under which the images of a run follow one another.
        image: a picture, gray or in colour.
        step: the iteration that it belongs to.
    """
    if not trainer.is_global_zero:
        return
    for logger in trainer.loggers:
        if isinstance(logger, TensorBoardLogger):
            logger.experiment.add_image(tag, np.asarray(image.convert("RGB")), step, dataformats="HWC")
        elif isinstance(logger, LogsImages):
            logger.log_image(tag, [image], step=step)


def publish_text(trainer: Trainer, tag: str, text: str, step: int) -> None:
    """Send a text to every logger that shows texts; the first process alone does.

    Args:
        trainer: whose loggers are meant.
        tag: the name under which the texts of a run follow one another.
        text: in Markdown.
        step: the iteration that it belongs to.
    """
    if not trainer.is_global_zero:
        return
    for logger in trainer.loggers:
        if isinstance(logger, TensorBoardLogger):
            logger.experiment.add_text(tag, text, step)
        elif isinstance(logger, WandbLogger):
            logger.log_text(tag, columns=COLUMNS, data=[[str(step), text]], step=step)
        elif isinstance(logger, LogsTexts):
            logger.log_text(tag, [text], step=step)
