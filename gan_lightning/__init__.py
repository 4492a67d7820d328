"""GANs as PyTorch Lightning experiments, composed with Hydra."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from gan_lightning.trained_run import TrainedRun

__version__ = "0.2.0"


def load(
    run: str | Path,
    checkpoint: str | Path = "last",
    weights: Literal["ema", "raw"] = "ema",
    device: str = "auto",
    config_dir: str | Path | None = None,
    overrides: Sequence[str] = (),
) -> "TrainedRun":
    """Return the model of a run folder or a checkpoint, ready to sample or translate.

    Args:
        run: a run folder or a checkpoint.
        checkpoint: `last`, `best`, or a file, which may be named as in the run's folder `checkpoints`.
        weights: the generator's moving average, `ema`, or its weights as trained, `raw`.
        device: `auto`, `cpu`, or another of torch's devices, such as `cuda:0`.
        config_dir: a folder with YAML files of one's own, whose classes may then be used.
        overrides: what replaces values of the run's configuration, such as `data.root=DIR`.

    Raises:
        ValueError: if there is no such run, checkpoint or device, the checkpoint is damaged or of another program, or a
            file of one's own is missing.

    Examples:
        ```python
        run = gan_lightning.load("outputs/train/RUN")
        images = run.sample(64, seed=0)  # [64, C, H, W] in [-1, 1]
        ```
    """
    from gan_lightning.trained_run import loaded  # not before, because it imports torch

    return loaded(run, checkpoint, weights, device, config_dir, overrides)
