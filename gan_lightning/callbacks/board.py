"""A TensorBoard page that opens ready."""

from textwrap import indent
from typing import Any, Protocol, runtime_checkable

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
        """The tags that are known by now, such as `scores/fid`; each gets a chart in a category of its first word."""


class Board(Callback):
    """Lays out TensorBoard's custom scalars page and writes the resolved configuration as text.

    Charts of other callbacks are added once their tags are known; of several layouts TensorBoard shows the last.

    Args:
        layout: categories of charts, each a list of tag patterns; TensorBoard draws tags with parentheses blank.
    """

    def __init__(self, layout: dict | None = None) -> None:
        self.layout = layout or LAYOUT
        self.charted: list[Charted] = []
        self.drawn: list[str] = []

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # Once, for asking a protocol takes longer than the rest of this callback in a batch.
        self.charted = [each for each in trainer.callbacks if isinstance(each, Charted)]  # type: ignore[attr-defined]
        self._draw(trainer)
        for logger in _boards(trainer):
            configuration = indent(yaml.safe_dump(dict(pl_module.hparams), sort_keys=False), "    ")
            logger.experiment.add_text("configuration", configuration, trainer.global_step)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if self._tags() != self.drawn:
            self._draw(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self._tags() != self.drawn:
            self._draw(trainer)

    def _draw(self, trainer: Trainer) -> None:
        self.drawn = self._tags()
        whole = dict(self.layout)
        for tag in self.drawn:
            category = tag.partition("/")[0].capitalize()
            whole[category] = whole.get(category, {}) | {tag.partition("/")[2]: ["Multiline", [f"^{tag}$"]]}
        for logger in _boards(trainer):
            logger.experiment.add_custom_scalars(whole)

    def _tags(self) -> list[str]:
        return [tag for each in self.charted for tag in each.charts]


def _boards(trainer: Trainer) -> list[TensorBoardLogger]:
    return [each for each in trainer.loggers if isinstance(each, TensorBoardLogger) and trainer.is_global_zero]
