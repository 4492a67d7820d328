"""What TensorBoard's HPARAMS page shows of a run."""

from collections.abc import Iterator, Mapping
from typing import Any

from torch.utils.tensorboard.summary import hparams

Value = bool | int | float | str


def summaries(config: Mapping[str, Any]) -> tuple[Any, ...]:
    """What the configuration sets, as the page's records of a session; the last values of all scalars stand beside it.

    There is no record of the columns: TensorBoard would take those of one run for all, and without it puts settings
    that differ first.

    Args:
        config: resolved. Callbacks and loggers, and where things lie, are no hyperparameters; the seed is one.
    """
    kept = {key: value for key, value in config.items() if key not in ("callbacks", "logger", "run_dir", "resume")}
    _, start, end = hparams(dict(_leaves(kept)), {})
    return start, end


def _leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Value]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        elif not (key.startswith("root") or key.endswith("_dir") or (prefix and key == "seed")):  # the run's own seed
            yield f"{prefix}{key}", value if isinstance(value, Value) else str(value)
