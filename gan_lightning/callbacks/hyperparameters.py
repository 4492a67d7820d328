"""What TensorBoard's HPARAMS page shows of a run."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from torch.utils.tensorboard.summary import hparams

Value = bool | int | float | str


def summaries(config: Mapping[str, Any], tags: Iterable[str]) -> tuple[Any, ...]:
    """The plugin's records: what the configuration sets, and of which scalars the last values stand beside it.

    Args:
        config: resolved. Callbacks and loggers, and where things lie, are no hyperparameters.
        tags: of the scalars.
    """
    kept = {key: value for key, value in config.items() if key not in ("callbacks", "logger", "run_dir", "resume")}
    return hparams(dict(_leaves(kept)), dict.fromkeys(tags, 0.0))


def _leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Value]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        elif not str(key).endswith(("_dir", "root")):
            yield f"{prefix}{key}", value if isinstance(value, Value) else str(value)
