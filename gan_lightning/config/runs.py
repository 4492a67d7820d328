"""Finished runs: where their checkpoint lies, the model in it, and their scores."""

from pathlib import Path
from typing import Any, NamedTuple

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from gan_lightning.callbacks.checkpoint_io import AtomicCheckpointIO
from gan_lightning.evaluation.records import EVALUATIONS, SCORES, ScoreFile, ScoreRecord, ScoringFailure
from gan_lightning.models.game import AdversarialGame


class Restored(NamedTuple):
    """A model as a run left it, the run's whole configuration, and the checkpoint's iteration."""

    model: AdversarialGame
    config: DictConfig
    iteration: int


def checkpoint_of(run: str, key: str) -> Path:
    """The checkpoint that a key names: a file, or a run folder's last.

    Raises:
        ValueError: where there is none.
    """
    given = Path(run).expanduser()
    file = given / "checkpoints" / "last.ckpt" if given.is_dir() else given
    if not file.is_file():
        raise ValueError(f"{key} must be a checkpoint or a run folder with checkpoints/last.ckpt; there is no {file}")
    return file


def restored(file: Path, key: str) -> Restored:
    """The model of a checkpoint, rebuilt from the configuration in it, on the CPU.

    Comparisons with targets are left out: only training needs them, and they may need files. The checkpoint's classes
    are called by name, as Hydra allows, so open checkpoints that you trust.

    Raises:
        ValueError: where the file is damaged, was not written by a run of the command line, or by an older version
            whose networks had other weights.
    """
    checkpoint: dict[str, Any] = AtomicCheckpointIO().load_checkpoint(file)
    kept = checkpoint.get("hyper_parameters")
    if not isinstance(kept, dict) or not isinstance(kept.get("model"), dict) or "_target_" not in kept["model"]:
        raise ValueError(f"{key}: {file} has no configuration in it, so its model cannot be rebuilt")
    config = OmegaConf.create(kept)
    with torch.random.fork_rng(devices=[]):  # first weights are drawn, and overwritten
        model = instantiate({name: value for name, value in config.model.items() if name != "reconstructions"})
    if not isinstance(model, AdversarialGame):
        raise ValueError(f"{key}: {file} must hold a model of this program; it holds a {type(model).__name__}")
    try:
        model.load_state_dict(checkpoint["state_dict"])
        model.on_load_checkpoint(checkpoint)
        return Restored(model, config, checkpoint["global_step"])
    except (RuntimeError, KeyError) as error:
        reason = "".join(str(error).splitlines()[:2][-1:]).strip()  # torch's first line is a heading
        raise ValueError(f"{key}: {file} does not fit the model of its own configuration: {reason}") from error


def records_of(run: Path, key: str) -> list[ScoreRecord]:
    """Every score beside a run, in the order they were written.

    Raises:
        ValueError: where the folder is missing or has none, nor a failure that says why.
    """
    if not run.is_dir():
        raise ValueError(f"{key} must name run folders; there is no folder {run}")
    records = [record for name in (SCORES, EVALUATIONS) for record in ScoreFile(run / name).read()]
    if not records and not failures_of(run):
        raise ValueError(
            f"{key} must name runs with scores, in {SCORES} or {EVALUATIONS}; {run} has none: train with "
            "metric=[fid], or score it by gan-lightning evaluate"
        )
    return records


def checkpoints_of(run: Path) -> list[int]:
    """The iteration of a run's last checkpoint; where no other file is its second name, those of all that are there.

    By their names: nothing is loaded.
    """
    folder = run / "checkpoints"
    last = folder / "last.ckpt"
    numbered = [file for file in folder.glob("*.ckpt") if file.stem.isdecimal()]
    same = [file for file in numbered if last.is_file() and file.samefile(last)]
    return [int(file.stem) for file in same or numbered]


def failures_of(run: Path) -> list[ScoringFailure]:
    """The iterations of training whose images could not be scored."""
    return ScoreFile(run / SCORES).failures()


def was_scored(run: Path) -> bool:
    """Whether there are scores of its training, beside those of any evaluation."""
    file = ScoreFile(run / SCORES)
    return bool(file.read() or file.failures())
