"""Charts, texts and hyperparameters of a run on its loggers' pages."""

from collections.abc import Iterator, Mapping
from textwrap import indent
from typing import Any, Protocol, runtime_checkable

import yaml
from lightning import Callback, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from torch.utils.tensorboard.summary import hparams

from gan_lightning.callbacks.publishing import publish_scalars, publish_text
from gan_lightning.models.game import AdversarialGame
from gan_lightning.reports.tables import UNDECIDED

Value = bool | int | float | str

NO_SETTINGS = {
    "callbacks", "logger", "run_dir", "resume", "init_from", "trainer.callbacks", "trainer.logger", "trainer.plugins",
}  # fmt: skip
"""Keys of the configuration that are no hyperparameters."""
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
class HasCharts(Protocol):
    """A callback whose scalars differ too much in scale to share one chart."""

    @property
    def charts(self) -> list[str]:
        """The tags of the scalars, such as `scores/fid`, known after `setup`.

        Each gets a chart of its own, in a category named after the tag's first word.
        """


class Board(Callback):
    """Lays out the pages of a run: charts, the resolved configuration as text, and scalars next to hyperparameters.

    The loggers get the text. TensorBoard also gets the charts and the hyperparameters. If the loss has an output of D
    at which it cannot tell real from generated images, that is a line among D's outputs, `d_out/undecided`.

    Every callback may have charts of its own: see `HasCharts`.

    Args:
        layout: categories of charts, each with a list of tag patterns by chart; None for LAYOUT. TensorBoard shows no
            curve for a tag with parentheses.
    """

    def __init__(self, layout: dict | None = None) -> None:
        self.layout = layout or LAYOUT

    def on_train_start(self, trainer: Trainer, pl_module: AdversarialGame) -> None:
        callbacks = trainer.callbacks  # type: ignore[attr-defined]
        tags = [tag for callback in callbacks if isinstance(callback, HasCharts) for tag in callback.charts]
        if trainer.ckpt_path:  # a run that continues has these pages
            return
        config = {key: value for key, value in pl_module.hparams.items() if key != "run"}
        text = indent(yaml.safe_dump(config, sort_keys=False), "    ")
        publish_text(trainer, "configuration", text, trainer.global_step)
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoardLogger) and trainer.is_global_zero:
                logger.experiment.add_custom_scalars(self._with_charts(tags))
                for summary in hyperparameter_summaries(config):
                    logger.experiment._get_file_writer().add_summary(summary)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: AdversarialGame, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        every = trainer.log_every_n_steps  # type: ignore[attr-defined]
        undecided = pl_module.loss.undecided
        if undecided is not None and every and trainer.global_step % every == 0:
            publish_scalars(trainer, {UNDECIDED: undecided}, trainer.global_step)

    def _with_charts(self, tags: list[str]) -> dict:
        layout = dict(self.layout)
        for tag in tags:
            category, _, title = tag.partition("/")
            charts = layout.get(category.capitalize(), {})
            layout[category.capitalize()] = charts | {title: ["Multiline", [f"^{tag}$"]]}
        return layout


def hyperparameter_summaries(config: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the records that start and end a session on TensorBoard's page of hyperparameters.

    The page shows the last values of all scalars next to them. The record of the columns is left out: TensorBoard would
    take the columns of one run for all runs, and without it puts first the settings that differ.

    Args:
        config: the resolved configuration. Callbacks, loggers and paths are no hyperparameters; the run's seed is one.
    """
    _, start, end = hparams(dict(_leaves(config)), {})
    return start, end


def _leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Value]]:
    """Yield the settings by their whole keys."""
    for key, value in tree.items():
        if f"{prefix}{key}" in NO_SETTINGS or _is_path(key) or key in ("_partial_", "_convert_"):
            continue
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        elif not (prefix and key == "seed"):  # the run's own seed
            yield f"{prefix}{key}", value if isinstance(value, Value) else str(value)


def _is_path(key: str) -> bool:
    return key in ("folder", "file") or key.startswith("root") or key.endswith(("_root", "_dir"))
