"""A TensorBoard page that opens ready."""

from textwrap import indent
from typing import Protocol, runtime_checkable

import yaml
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger

from gan_lightning.callbacks.hyperparameters import summaries

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
    """Lays out TensorBoard's pages: charts, the resolved configuration as text, scalars beside hyperparameters.

    Args:
        layout: categories of charts, each a list of tag patterns; TensorBoard draws tags with parentheses blank.
    """

    def __init__(self, layout: dict | None = None) -> None:
        self.layout = layout or LAYOUT

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        callbacks = trainer.callbacks  # type: ignore[attr-defined]
        tags = [tag for each in callbacks if isinstance(each, Charted) for tag in each.charts]
        config = dict(pl_module.hparams)
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoardLogger) and trainer.is_global_zero:
                logger.experiment.add_custom_scalars(self._with_charts(tags))
                configuration = indent(yaml.safe_dump(config, sort_keys=False), "    ")
                logger.experiment.add_text("configuration", configuration, trainer.global_step)
                for summary in summaries(config):
                    logger.experiment._get_file_writer().add_summary(summary)

    def _with_charts(self, tags: list[str]) -> dict:
        layout = dict(self.layout)
        for tag in tags:
            category, _, title = tag.partition("/")
            charts = layout.get(category.capitalize(), {})
            layout[category.capitalize()] = charts | {title: ["Multiline", [f"^{tag}$"]]}
        return layout
