"""`gan-lightning key=value ...`: train."""

import logging
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from hydra.core.hydra_config import HydraConfig
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from lightning import LightningDataModule, Trainer, seed_everything
from lightning.pytorch.loggers import TensorBoardLogger
from omegaconf import DictConfig, OmegaConf
from torch import nn

from gan_lightning import signals, slurm
from gan_lightning.callbacks.checkpoint_io import (
    AtomicCheckpointIO,
    checkpoint_named_by,
    newest_whole_checkpoint,
    numbered_checkpoints,
)
from gan_lightning.callbacks.guard import Diverged
from gan_lightning.config import exhausted, logs
from gan_lightning.config.checks import without_unused_parts
from gan_lightning.config.choices import noted
from gan_lightning.config.composition import config_dir
from gan_lightning.config.continuing import overrides_typed, record_to_resume
from gan_lightning.config.errors import RunDivergedError
from gan_lightning.config.exhausted import how_to_continue
from gan_lightning.config.opening import Opening
from gan_lightning.config.own_classes import hashes, python_path
from gan_lightning.config.parts import check_checkpoint_fits, check_data_suit, check_kinds, check_optimizers
from gan_lightning.config.record import RunRecord, choice
from gan_lightning.config.runs import checkpoint_of
from gan_lightning.config.suiting import suited
from gan_lightning.data.listing import quietly
from gan_lightning.data.module import StoredDataModule
from gan_lightning.models.game import AdversarialGame
from gan_lightning.models.inputs import WrongInputsError
from gan_lightning.models.transfer import load_fitting_weights
from gan_lightning.reports.next_commands import named, next_commands

log = logging.getLogger(__name__)

SHOWN = 5
"""How many weights that `init_from` could not load are named."""


class Parts(NamedTuple):
    """What a run trains, on what, and by whom."""

    model: AdversarialGame
    data: LightningDataModule
    trainer: Trainer


def prepared(config: DictConfig) -> Callable[[], None]:
    """Make the parts of a run; return what trains them and logs where the results are.

    A run that continues in its own folder leaves every file as it is until all checks have passed.

    Raises:
        ValueError: if the parts do not suit each other or the checkpoint to resume from.
    """
    logs.tidy()
    before = record_to_resume(config.resume) if config.resume else None
    file = checkpoint_of(config.resume, "resume") if config.resume else None
    whole, config = config, without_unused_parts(config)
    parts = [made(config, file)]
    plain: Any = OmegaConf.to_container(whole, resolve=True)
    if plain["data"].get("root"):
        plain["data"]["root"] = str(Path(plain["data"]["root"]).expanduser().absolute())  # it may continue elsewhere
    typed = overrides_typed(HydraConfig.get().overrides.task, before)
    record = RunRecord.of_new_run(typed, plain, str(config.init_from or ""))
    if before and file:
        iteration = AtomicCheckpointIO().load_checkpoint(file)["global_step"]
        record = before.continued(iteration, typed, plain)
        if not Path(config.resume).is_dir():
            record = replace(record, parent=str(file), parts=record.parts[-1:])
    record = noted(record, before, HydraConfig.get().overrides.task, config_dir(sys.argv[1:]))
    record = replace(record, sources=hashes(plain))
    if before and (
        changed := [name for name, then in before.sources.items() if record.sources.get(name, then) != then]
    ):
        log.warning("resume: the source of %s has changed since the run was trained", ", ".join(changed))
    return partial(train, config, record, file, parts)


def train(config: DictConfig, record: RunRecord, file: Path | None, parts: list[Parts]) -> None:
    """Train, and log where the results are.

    Args:
        config: the whole configuration, checked.
        record: the record of the run.
        file: the checkpoint to continue from; None for a new run.
        parts: the run's parts, in a list that is emptied, so that a rollback frees their memory.

    Raises:
        ValueError: before the first iteration, if the data are wrong.
        SystemExit: with 128 plus the signal's number after a signal that has ended the run.
    """
    model, trainer = fit_with_rollbacks(config, record, file, parts)
    if trainer.is_global_zero:  # the launcher of the other ranks takes any exit code of theirs for a crash
        report(Path(config.run_dir), record, model, trainer)


def fit_with_rollbacks(
    config: DictConfig, record: RunRecord, file: Path | None, parts: list[Parts]
) -> tuple[AdversarialGame, Trainer]:
    """Train; if the guard rolls the run back, train again from its last good checkpoint.

    Raises:
        RunDivergedError: if a number is not finite and the run is not rolled back, or no more.
    """
    while True:
        try:
            return fit(config, record, file, parts.pop() if parts else made(config, file))
        except Diverged as error:
            if error.next_attempt is None:
                rate = config.model.discriminator_optimizer.get("lr")
                lower = [f"model.discriminator_optimizer.lr={rate / 10:g}"] if rate else []
                raise RunDivergedError(f"{error}; {how_to_continue(config, *lower, *_flags(record))}") from error
            folder = Path(config.run_dir) / "checkpoints"
            file = newest_whole_checkpoint(folder) if numbered_checkpoints(folder) else file
            iteration = AtomicCheckpointIO().load_checkpoint(file)["global_step"] if file else 0
            config.callbacks.guard.attempt = error.next_attempt
            record = record.continued(iteration, [f"callbacks.guard.attempt={error.next_attempt}"], record.config)
            record.config["callbacks"]["guard"]["attempt"] = error.next_attempt


def made(config: DictConfig, file: Path | None) -> Parts:
    """Make model, data and trainer anew; nothing is read but the checkpoint, and nothing written.

    Args:
        config: the whole configuration, checked.
        file: the checkpoint to continue from; None for a new run.

    Raises:
        ValueError: if a part cannot be made, or does not suit another or the checkpoint.
    """
    check_optimizers(config)
    seed_everything(config.seed, verbose=False)
    try:
        model, data, trainer = (instantiate(config[part]) for part in ("model", "data", "trainer"))
    except InstantiationException as error:
        if isinstance(error.__cause__, WrongInputsError):
            raise ValueError(suited(error.__cause__)) from error
        raise
    check_kinds(model)
    check_data_suit(model, data)
    if isinstance(data, StoredDataModule):
        with quietly():
            data.check_files()
    if file:
        check_checkpoint_fits(file, trainer.strategy.load_checkpoint(file, weights_only=True), model, trainer)
    if config.init_from and not file:
        begin_with_weights(model, checkpoint_of(config.init_from, "init_from"))
    return Parts(model, data, trainer)


def fit(config: DictConfig, record: RunRecord, file: Path | None, parts: Parts) -> tuple[AdversarialGame, Trainer]:
    """Train.

    Args:
        config: the whole configuration, checked.
        record: the record of the run, which is written to its folder once everything is ready to train.
        file: the checkpoint to continue from; None for a new run.
        parts: what has been made from both.

    Raises:
        ValueError: before training, if the data are wrong.
    """
    model, data, trainer = parts
    model.save_hyperparameters(record.hyper_parameters())
    opening = Opening(Path(config.run_dir), record, file)
    trainer.callbacks.append(opening)  # type: ignore[attr-defined]
    log.info("run folder: %s", config.run_dir)
    counts = [f"{name} {_parameters(player.network)}" for name, player in reversed(model.players.items())]
    log.info("parameters: %s", ", ".join(counts))
    try:
        with exhausted.told(config, trainer, record.parts[-1].iteration, _flags(record)):
            trainer.fit(model, data, ckpt_path=file, weights_only=True)
    finally:
        opening.undo()
    return model, trainer


def begin_with_weights(model: AdversarialGame, file: Path) -> None:
    """Load the weights of another run that fit, and log which do not.

    Raises:
        ValueError: if none fits.
    """
    checkpoint = checkpoint_named_by("init_from", file)
    count, left = load_fitting_weights(model, checkpoint["state_dict"])
    if not count:
        raise ValueError(f"init_from: no weight of {file} fits this model; {_choices_of(checkpoint, str(file))}")
    log.info("init_from: %s weights of %s are loaded", f"{count:,}", file)
    for phrase in left[:SHOWN]:
        log.info("init_from: not loaded: %s", phrase)
    if len(left) > SHOWN:
        log.info("init_from: not loaded: %s more", len(left) - SHOWN)


def _choices_of(checkpoint: Mapping[str, Any], name: str) -> str:
    """Return what to type for the model and the size of a checkpoint's run."""
    record = RunRecord.of_checkpoint(checkpoint, name)
    words = [choice(group, record.options[group]) for group in ("model", "network") if record.options.get(group)]
    if size := record.config["data"].get("image_size"):
        words.append(f"data.image_size={size}")
    return f"type {' '.join(words)}, those of its run" if words else "choose its model and size"


def report(folder: Path, record: RunRecord, model: AdversarialGame, trainer: Trainer) -> None:
    """Log where the results of a run are, and the commands that come next.

    Args:
        folder: the run folder.
        record: the run's record.
        model: the trained model.
        trainer: its trainer.

    Raises:
        SystemExit: with 128 plus the signal's number after a signal that has ended the run.
    """
    iteration, run, checkpoints = trainer.global_step, Path(named(folder)), folder / "checkpoints"
    by = f", because of {signals.name_of(model.interrupted)}" if model.interrupted else ""
    log.info("%s at iteration %s%s", "stopped" if by else "finished", f"{iteration:,}", by)
    for what, path in {
        "report": "report.html",
        "last grid": f"samples/{iteration:07d}.png",
        "plots": "plots",
        "checkpoint": "checkpoints/last.ckpt",
        "best one": "checkpoints/best.ckpt",
    }.items():
        if (folder / path).exists():
            log.info("  %-12s %s", what, run / path)
    if (checkpoints / "last.ckpt").exists():
        is_out_of_time = not by and record.config["trainer"].get("max_time") is not None
        limits = (iteration, trainer.current_epoch, is_out_of_time)
        commands = next_commands(str(run), record.config, *limits, _flags(record))
        before = python_path(record.config)
        for what, command in commands.items():
            log.info("  %-12s %s%s", what, before, command)
    if any(isinstance(logger, TensorBoardLogger) for logger in trainer.loggers):
        board = ["tensorboard", "--samples_per_plugin=images=200", "--logdir", str(run)]
        log.info("  %-12s %s", "TensorBoard", shlex.join(board))
    if model.interrupted:
        slurm.requeue_after(model.interrupted)
        raise SystemExit(128 + model.interrupted)


def _flags(record: RunRecord) -> list[str]:
    """Return the flag that commands for the run need where a folder of one's own has named its classes."""
    folder = config_dir(sys.argv[1:])
    return ["--config-dir", folder] if folder and record.own == "classes" else []


def _parameters(network: nn.Module) -> str:
    return f"{sum(parameter.numel() for parameter in network.parameters()):,}"
