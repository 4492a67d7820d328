"""What only the parts of a run can tell once they are made: whether they suit each other, and a checkpoint.

Nothing has been read or written then, so that wrong sizes, labels and kinds are found before a run has a folder.
"""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from hydra.utils import get_class, instantiate
from lightning import LightningDataModule, Trainer
from lightning.pytorch.callbacks import Timer
from omegaconf import DictConfig, OmegaConf
from torch import nn

from gan_lightning.callbacks.checkpoint_io import AtomicCheckpointIO
from gan_lightning.config.options import chosen, options_with
from gan_lightning.config.runs import epochs_done, seconds_trained
from gan_lightning.losses.adversarial import AdversarialLoss
from gan_lightning.models.game import AdversarialGame
from gan_lightning.models.players import check_resumable
from gan_lightning.types import Aligned, Labelled, Pair, Unlabelled

KINDS: dict[type, str] = {
    Unlabelled: "images",
    Labelled: "images with classes",
    Pair: "images of two domains",
    Aligned: "pairs of images",
}
"""What batches hold, in words."""


def check_optimizers(config: DictConfig) -> None:
    """Check that both optimizers can be made.

    Raises:
        ValueError: if one cannot; the message names its key.
    """
    for player in ("discriminator", "generator"):  # G's settings follow D's, so D's are named first
        try:
            instantiate(config.model[f"{player}_optimizer"])([nn.Parameter(torch.zeros(1))])
        except (ValueError, IndexError, TypeError) as error:
            raise ValueError(f"model.{player}_optimizer cannot be made: {error}") from error


def check_kinds(model: object) -> None:
    """Check that a model and its loss, which may be one's own, are of the kinds that are trained here.

    Raises:
        ValueError: if one is not; the message names its class and the one to derive it from.
    """
    for key, part, kind in (
        ("model", model, AdversarialGame),
        ("model.loss", getattr(model, "loss", None), AdversarialLoss),
    ):
        if not isinstance(part, kind):
            own = type(part).__name__
            raise ValueError(
                f"{key} must be of a class that is derived from {kind.__name__}; got {own}; begin it with "
                f"class {own}({kind.__name__}):, which is imported from {kind.__module__}"
            )


def check_data_suit(model: AdversarialGame, data: LightningDataModule) -> None:
    """Compare the kind of batch that the data module gives with the kinds that the model takes.

    A data module of another package that has no `batch_type` is not checked.

    Raises:
        ValueError: if the model does not take such batches.
    """
    given = getattr(data, "batch_type", None)
    if given is None or issubclass(given, model.batch_types):
        return
    kinds = " or ".join(KINDS[kind] for kind in model.batch_types)
    suited = [f"data={option}" for option in options_with("data", lambda own: hands_out(own, model.batch_types))]
    models = [f"model={option}" for option in options_with("model", lambda own: _takes(own, given))]
    raise ValueError(
        f"model={chosen('model') or type(model).__name__} is trained on {kinds}, and "
        f"data={chosen('data') or type(data).__name__} has {KINDS[given]}; choose {', '.join(suited)}, or for such "
        f"data {', '.join(models)}"
    )


def hands_out(own: DictConfig, kinds: tuple[type, ...]) -> bool:
    """Return whether the data of a YAML file are of one of some kinds of batches."""
    kind: Any = get_class(own._target_).batch_type  # type: ignore[attr-defined]
    if isinstance(kind, property):  # it depends on whether there are labels
        assert kind.fget
        count = own._get_node("num_classes", validate_access=False)
        kind = kind.fget(SimpleNamespace(num_classes=None if count is None or count._is_none() else 1))
    return issubclass(kind, kinds)


def _takes(own: DictConfig, kind: type) -> bool:
    """Return whether the model of a YAML file is trained on a kind of batch."""
    target = OmegaConf.select(own, "model._target_") or own._target_  # most files are of the whole configuration
    return issubclass(kind, get_class(target).batch_types)  # type: ignore[attr-defined]


def check_checkpoint_fits(file: Path, loaded: dict[str, Any], model: AdversarialGame, trainer: Trainer) -> None:
    """Compare a checkpoint with the run that is to continue it.

    Raises:
        ValueError: if a weight is missing, left over or of another shape, or if nothing is left to do.
    """
    own = {name: tuple(weight.shape) for name, weight in model.state_dict().items()}
    kept = {name: tuple(weight.shape) for name, weight in loaded["state_dict"].items()}
    for name in sorted(own.keys() | kept.keys()):
        if own.get(name) != kept.get(name):
            there, here = (_shape(each.get(name)) for each in (kept, own))
            raise ValueError(
                f"resume: {file} was written by another model, in which {name} {there}, and here it {here}; leave out "
                f"what changes the networks, or start a new run from the weights that fit: init_from={file}"
            )
    check_resumable(model.players, loaded)
    epochs = epochs_done(loaded)
    for key, done, limit in (
        ("max_steps", loaded["global_step"], trainer.max_steps),
        ("max_epochs", epochs, trainer.max_epochs),
    ):
        if limit is not None and -1 < limit <= done:
            what = f"{done} {'iteration' if key == 'max_steps' else 'epoch'}{'s'[: done != 1]}"
            raise ValueError(f"resume: {file} has done {what} already; type {_higher(key, done, epochs, trainer)}")
    for timer in (callback for callback in trainer.callbacks if isinstance(callback, Timer)):  # type: ignore[attr-defined]
        _check_time_is_left(file, timer, seconds_trained(loaded, timer))


def _higher(key: str, done: int, epochs: int, trainer: Trainer) -> str:
    """Return what to type for a limit that a checkpoint has reached; that of epochs may be reached too."""
    more = f"trainer.{key}={2 * done}"
    if key == "max_epochs" or trainer.max_epochs is None or trainer.max_epochs < 0:
        return more
    if trainer.max_epochs <= epochs:
        return f"{more} trainer.max_epochs={2 * epochs}"
    last = trainer.max_epochs
    return f"{more}, or trainer.max_steps=-1 for the {last} epoch{'s'[: last != 1]} of trainer.max_epochs"


def _shape(shape: tuple[int, ...] | None) -> str:
    return "is missing" if shape is None else f"has the shape {list(shape)}"


def _check_time_is_left(file: Path, timer: Timer, spent: float) -> None:
    """Check Lightning's timer, which Lightning itself adds for `trainer.max_time`."""
    limit = timer.time_remaining()
    if limit is not None and limit <= spent:
        raise ValueError(
            f"resume: {file} has trained for {spent:.0f} seconds already; raise trainer.max_time, which is "
            f"{limit:.0f} for all parts of a run together"
        )


def check_same_images(file: Path, data: LightningDataModule) -> None:
    """Check that the images of a continuation, which have been read, are those of its run.

    A data module of another package, which does not say what its images are, is not checked.

    Args:
        file: the checkpoint that the run continues from.
        data: the data module after its set-up.

    Raises:
        ValueError: if they are not.
    """
    then = AtomicCheckpointIO().load_checkpoint(file).get(type(data).__qualname__, {}).get("fingerprints")
    if then is not None and then != data.state_dict()["fingerprints"]:
        raise ValueError(
            f"resume: the training images are not those that {file} was trained on; restore them, or start a new run "
            "from its weights with init_from instead of resume"
        )
