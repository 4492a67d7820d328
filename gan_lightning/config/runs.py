"""Checkpoints of runs, and the models in them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from hydra.utils import instantiate
from lightning.pytorch.callbacks import Timer
from omegaconf import DictConfig

from gan_lightning.callbacks.checkpoint_io import AtomicCheckpointIO, checkpoint_named_by, newest_whole_checkpoint
from gan_lightning.config import schema
from gan_lightning.config.choices import without_the_run_s_own, words_of
from gan_lightning.config.composition import composed
from gan_lightning.config.record import RunRecord, run_to_type
from gan_lightning.config.restoring import restored_config
from gan_lightning.models.game import AdversarialGame


def work_left(file: Path, max_epochs: int | None, max_steps: int, max_time: Any) -> bool:
    """Return whether training from a checkpoint would do anything under the trainer's limits."""
    checkpoint = AtomicCheckpointIO().load_checkpoint(file)
    timer = Timer(max_time)
    done = (
        (checkpoint["global_step"], max_steps),
        (epochs_done(checkpoint), max_epochs),
        (seconds_trained(checkpoint, timer), timer.time_remaining()),
    )
    return not any(limit is not None and -1 < limit <= count for count, limit in done)


def seconds_trained(checkpoint: Mapping[str, Any], timer: Timer) -> float:
    """Return how long a checkpoint's run has trained in all its parts, by a timer of the same kind; 0 without one."""
    state = checkpoint["callbacks"].get(timer.state_key)
    return state["time_elapsed"]["train"] if state else 0.0


def epochs_done(checkpoint: Mapping[str, Any]) -> int:
    """Return how many whole epochs a checkpoint's run has trained."""
    return checkpoint["epoch"] + checkpoint["loops"]["fit_loop"]["epoch_loop.batch_progress"]["is_last_batch"]


def checkpoint_of(run: str, key: str, checkpoint: str = "last") -> Path:
    """Return the checkpoint that a key names: the file itself, or a checkpoint of a run folder.

    Args:
        run: a checkpoint or a run folder.
        key: the key of the configuration that an error names.
        checkpoint: which of a run folder's: `last`, the newest that is whole; `best`; or a file, which may be named as
            it is in the run's folder `checkpoints`.

    Raises:
        ValueError: if there is no such file.
    """
    given = Path(run).expanduser()
    if checkpoint != "last":
        if not given.is_dir():
            raise ValueError(f"checkpoint chooses from a run folder; got checkpoint={checkpoint} and {key}={run}")
        named = f"{checkpoint}.ckpt" if checkpoint == "best" else checkpoint
        places = [given / "checkpoints" / named, *([] if checkpoint == "best" else [Path(checkpoint).expanduser()])]
        if file := next((place for place in places if place.is_file()), None):
            return file
        if checkpoint == "best":
            raise ValueError(f"checkpoint=best needs a best.ckpt, which {given} has not; type checkpoint=last")
        found = ", ".join(sorted(each.name for each in (given / "checkpoints").glob("*.ckpt"))) or "none"
        raise ValueError(f"checkpoint must be last, best or a file; there is no {named} in {given}, which has {found}")
    if given.is_dir():
        if not (given / "checkpoints").is_dir():
            remedy = run_to_type(key, given, given.parent)
            raise ValueError(f"{key} must be a checkpoint or a run folder with checkpoints; {run} has none; {remedy}")
        try:
            return newest_whole_checkpoint(given / "checkpoints")
        except ValueError as error:
            raise ValueError(f"{key}: {error}; name another run or one of its checkpoints") from None
    if not given.is_file():
        raise ValueError(f"{key} must be a checkpoint or a run folder with checkpoints; there is no {given}")
    return given


class Restored(NamedTuple):
    """A model as a run left it, the run's whole configuration, and the checkpoint's iteration."""

    model: AdversarialGame
    config: DictConfig
    iteration: int


def restored(file: Path, key: str, overrides: Sequence[str] = ()) -> Restored:
    """Return the model of a checkpoint on the CPU, made by the installed configuration with the record's values.

    Reconstruction losses are left out, because only training needs them and they may need files. The record names no
    classes: see `restored_config`.

    Args:
        file: the checkpoint.
        key: the key of the configuration that an error names.
        overrides: what replaces values of the record, as it would be typed to train.

    Raises:
        ValueError: if the file is damaged, was not written by a run of the command line, names code, or was written by
            a version whose networks had other weights.
    """
    checkpoint = checkpoint_named_by(key, file)
    name = f"{key}: {file}"
    record = RunRecord.of_checkpoint(checkpoint, name)
    record.config["model"].pop("reconstructions", None)
    overrides = without_the_run_s_own(overrides, record, str(file), may_train=False)
    now = composed([*words_of(record, overrides, name), *overrides]) if overrides else None
    config = restored_config(record, overrides, name, now)
    schema.check(config, "model", "data")
    with torch.random.fork_rng(devices=[]):  # the first weights are drawn, and then overwritten
        model = instantiate(config.model)
    if not isinstance(model, AdversarialGame):
        raise ValueError(f"{name} must hold a model of this program; it holds a {type(model).__name__}")
    try:
        model.load_state_dict(checkpoint["state_dict"])
        model.on_load_checkpoint(checkpoint)
        return Restored(model, config, checkpoint["global_step"])
    except (RuntimeError, KeyError) as error:
        if of_model := [word for word in overrides if word.lstrip("+~").startswith("model")]:
            them = "them" if len(of_model) > 1 else "it"
            fit = "do not fit" if len(of_model) > 1 else "does not fit"
            raise ValueError(f"{' and '.join(of_model)} {fit} the weights of {file}; leave {them} out") from error
        reason = "".join(str(error).splitlines()[:2][-1:]).strip()  # torch's first line is a heading
        raise ValueError(f"{name} does not fit the model of its own configuration: {reason}") from error
