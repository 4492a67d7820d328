"""What ends a run too early, memory or disk that runs out or a second signal, in one sentence that says what to do."""

import logging
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from lightning import Trainer
from omegaconf import DictConfig

from gan_lightning.config.errors import MemoryExhaustedError, is_disk_full
from gan_lightning.config.own_classes import python_path
from gan_lightning.config.run_folders import iterations_of_checkpoints
from gan_lightning.signals import Stopped

log = logging.getLogger(__name__)

OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")
"""What torch says where memory ends on a device that has no error of its own for it, such as the CPU."""


@contextmanager
def told(config: DictConfig, trainer: Trainer, begins: int = 0, flags: Sequence[str] = ()) -> Iterator[None]:
    """Tell a user what to do where training ends because memory or a disk is exhausted, or stops without saving.

    Args:
        config: the run's configuration.
        trainer: the run's trainer, which knows the iteration once it has read its checkpoint.
        begins: the iteration of that checkpoint.
        flags: what the command that continues needs besides, such as `--config-dir`.

    Raises:
        MemoryExhaustedError: instead of torch's error; the sentence has batch size, image size and precision.
        OSError: instead of that of a full disk; the sentence has the file, the iteration and the last checkpoint.
        Stopped: after a line of the log that says what is kept.
    """
    try:
        yield
    except Stopped:
        where = f"{max(trainer.global_step, begins):,}"
        log.info("stopped at iteration %s without saving; %s", where, how_to_continue(config, *flags))
        raise
    except (RuntimeError, MemoryError) as error:
        if is_of_memory(error):
            raise MemoryExhaustedError(_of_memory(config, max(trainer.global_step, begins), flags)) from error
        if is_disk_full(error):
            raise OSError(_of_disk(config, max(trainer.global_step, begins), error, flags)) from error
        raise
    except OSError as error:
        if is_disk_full(error):
            raise OSError(_of_disk(config, max(trainer.global_step, begins), error, flags)) from error
        raise


def is_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory is exhausted, on whatever device."""
    said = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(words in said for words in OF_MEMORY)


def _of_memory(config: DictConfig, iteration: int, flags: Sequence[str]) -> str:
    batch_size = config.data.get("batch_size", 1)
    less = f"data.batch_size={max(1, batch_size // 2)}"
    return (
        f"memory does not suffice at iteration {iteration + 1:,} with data.batch_size={batch_size}, "
        f"data.image_size={config.data.get('image_size')} and trainer.precision={config.trainer.precision}; try "
        f"{less}, trainer.precision=bf16-mixed or smaller images; {how_to_continue(config, less, *flags)}"
    )


def _of_disk(config: DictConfig, iteration: int, error: BaseException, flags: Sequence[str]) -> str:
    links = (error, error.__context__)
    named = (link.filename for link in links if isinstance(link, OSError) and link.filename)
    where = next(named, f"a file in {config.run_dir}")
    return (
        f"the disk was full at iteration {iteration:,} while {where} was written; free some space; "
        f"{how_to_continue(config, *flags)}"
    )


def how_to_continue(config: DictConfig, *more: str) -> str:
    """Return what is kept of a run and the command that continues it."""
    run = Path(config.run_dir)
    iterations = iterations_of_checkpoints(run)
    if not iterations:
        return "no checkpoint was written, so start a new run"
    words = shlex.join([f"resume={run}", *more])
    return f"the checkpoint of iteration {max(iterations):,} is kept: {python_path(config)}gan-lightning {words}"
