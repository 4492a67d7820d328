"""Loggers of online services, whose packages are extras of this project."""

from pathlib import Path
from typing import Literal

from lightning.pytorch.loggers import Logger, WandbLogger


def weights_and_biases(
    folder: str,
    project: str = "gan_lightning",
    entity: str | None = None,
    id: str | None = None,
    offline: bool = False,
) -> Logger:
    """Return Lightning's logger for Weights & Biases, under the name of the run folder.

    Its files are written to a folder `wandb` beside the run folder, because there are symbolic links among them, with
    which a run folder would not be continued. A continued run is a new run there unless `id` names the earlier one.

    Args:
        folder: the run folder.
        project: the project that the run belongs to.
        entity: the user or team that the project belongs to; None for the user who has logged in.
        id: the run's identifier there; None for a new one.
        offline: whether the run is only written to disk, from where `wandb sync` sends it later.

    Raises:
        ValueError: if the package wandb is not installed.
    """
    try:
        return WandbLogger(
            name=Path(folder).name, save_dir=str(Path(folder).parent), project=project, entity=entity, version=id,
            offline=offline,
        )  # fmt: skip
    except ModuleNotFoundError as error:
        raise _missing("wandb") from error


def swanlab(
    folder: str,
    project: str = "gan_lightning",
    workspace: str | None = None,
    mode: Literal["cloud", "local", "offline", "disabled"] | None = None,
) -> Logger:
    """Return SwanLab's own logger for Lightning, under the name of the run folder.

    Its files are written to the folder `swanlog` of the run folder.

    Args:
        folder: the run folder.
        project: the project that the run belongs to.
        workspace: the user or organisation that the project belongs to; None for the user who has logged in.
        mode: `cloud`, `local`, `offline` or `disabled`; None for SwanLab's own choice.

    Raises:
        ValueError: if the package swanlab is not installed.
    """
    try:
        from swanlab.integration.pytorch_lightning import SwanLabLogger
    except ModuleNotFoundError as error:
        raise _missing("swanlab") from error
    return SwanLabLogger(
        project=project, workspace=workspace, experiment_name=Path(folder).name, log_dir=str(Path(folder) / "swanlog"),
        mode=mode,
    )  # fmt: skip


def _missing(package: str) -> ValueError:
    return ValueError(f"logger={package} needs the package {package}: pip install 'gan-lightning-lab[{package}]'")
