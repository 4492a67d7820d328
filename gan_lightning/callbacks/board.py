"""A TensorBoard page that opens ready."""

from textwrap import indent
from typing import Protocol, runtime_checkable

import yaml
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger

LAYOUT = {
    "Training": {
        "Losses": ["Multiline", ["^generator/loss$", "^discriminator/loss$"]],
        "Discriminator outputs": ["Multiline", ["^d_out/"]],
        "Discriminator terms": ["Multiline", ["^discriminator/(?!loss$)"]],
        "Generator terms": ["Multiline", ["^generator/(?!loss$)"]],
    },
    "Epochs": {
        "Losses by epoch": ["Multiline", ["^epoch/generator/loss$", "^epoch/discriminator/loss$"]],
        "Discriminator outputs by epoch": ["Multiline", ["^epoch/d_out/"]],
    },
    "Speed": {"Images per second": ["Multiline", ["^images_per_second$"]]},
}


@runtime_checkable
class Charted(Protocol):
    """A callback whose scalars differ too much in scale for one chart."""

    @property
    def charts(self) -> list[str]:
        """Their tags, such as `scores/fid`; each gets a chart in a category of its first word."""


class Board(Callback):
    """Lays out TensorBoard's custom scalars page and writes the resolved configuration as text.

    Args:
        layout: categories of charts, each a list of tag patterns; TensorBoard draws tags with parentheses blank.
    """

    def __init__(self, layout: dict | None = None) -> None:
        self.layout = layout or LAYOUT

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        layout = dict(self.layout)
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            for tag in callback.charts if isinstance(callback, Charted) else ():
                category, _, title = tag.partition("/")
                charts = layout.get(category.capitalize(), {})
                layout[category.capitalize()] = charts | {title: ["Multiline", [f"^{tag}$"]]}
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoardLogger) and trainer.is_global_zero:
                logger.experiment.add_custom_scalars(layout)
                configuration = indent(yaml.safe_dump(dict(pl_module.hparams), sort_keys=False), "    ")
                logger.experiment.add_text("configuration", configuration, trainer.global_step)
