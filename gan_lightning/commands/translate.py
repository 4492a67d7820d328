"""`gan-lightning translate run=RUN input=DIR output=DIR`: translate a folder of images into the other domain."""

import logging
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import torch
from omegaconf import DictConfig
from rich.progress import track

from gan_lightning.config import logs, schema
from gan_lightning.data.any_size import (
    SizedImage,
    batches_of_one_size,
    read_sized,
    still_to_write,
    write_image,
)
from gan_lightning.data.in_order import in_order
from gan_lightning.data.listing import image_files
from gan_lightning.evaluation.sampling import Precision
from gan_lightning.evaluation.translator import Made, Translator
from gan_lightning.files import remove_leftovers, take
from gan_lightning.models.ema import Weights
from gan_lightning.printable import printable
from gan_lightning.trained_run import TrainedRun
from gan_lightning.types import Checkpoint, ImagesPath, NewFolder, PositiveInt, RunPath

log = logging.getLogger(__name__)

MOST_THREADS = 8
"""Threads that read and threads that translate, at most, because each has images in memory."""


def prepared(config: DictConfig) -> Callable[[], None]:
    """Restore the model; return what translates every image below `input`."""
    logs.tidy()
    return translate(**schema.arguments(f"{__name__}.translate", config))


def translate(
    run: RunPath,
    input: ImagesPath,
    output: NewFolder,
    direction: Literal["xy", "yx"] = "xy",
    batch_size: PositiveInt = 1,
    precision: Precision = "32-true",
    checkpoint: Checkpoint = "last",
    weights: Weights = "ema",
    device: str = "auto",
    overwrite: bool = False,
    skip_existing: bool = False,
    overrides: Any = (),
) -> Callable[[], None]:
    """Restore the model; return what translates every image below a folder, each under its name and in its size.

    Sides are rounded to multiples of what the network takes and restored afterwards. Files that cannot be read are
    named and left out. Files are read ahead, and on a CPU each core translates images of its own.

    Args:
        run: a run folder, or a checkpoint.
        input: the folder of images.
        output: the folder to which the translations are written.
        direction: `xy` translates x into y; `yx` translates y into x and needs a model with two directions.
        batch_size: the largest number of images, all of one size, in one pass of the network.
        precision: the precision in which the network computes.
        checkpoint: `last`, `best` or a file.
        weights: the generator's moving average if there is one, or its weights as trained.
        device: `auto`, `cpu` or another of torch's devices, such as `cuda:0`.
        overwrite: whether output files that exist are replaced.
        skip_existing: whether output files that exist stay as they are, and only the others are made.
        overrides: a list of what replaces values of the run's configuration.

    Raises:
        ValueError: if a key is wrong or files exist already; nothing is written then. The work raises it too, if no
            image can be read, memory does not suffice, or the network's outputs are not finite.
    """
    trained = TrainedRun(run, checkpoint, weights, device, overrides=overrides)
    trained.check_direction(direction)
    model = trained.model
    source, target = Path(input).expanduser(), Path(output).expanduser()
    names = [file.relative_to(source).as_posix() for file in image_files(source, "images to translate", "input")]
    missing = still_to_write(source, target, names, overwrite, skip_existing)

    def work() -> None:
        log.info("translating %s images with %s, iteration %s", f"{len(missing):,}", run, f"{trained.iteration:,}")
        if len(missing) < len(names):
            log.info("%s files are in %s already and stay as they are", f"{len(names) - len(missing):,}", target)
        threads = min(os.cpu_count() or 1, MOST_THREADS)
        passes = max(1, min(threads, len(missing) // batch_size)) if trained.device.type == "cpu" else 1
        network: Any = model.generator_part(model.generator, direction)
        translator = Translator(model, direction, precision, passes, trained.weights)
        bad: dict[str, str] = {}
        written: list[str] = []

        def read(name: str) -> SizedImage | None:
            try:
                return read_sized(source / name, name, trained.config.data.channels, network.multiple)
            except ValueError as error:
                bad[name] = str(error)
                return None

        def write(made: Made) -> None:
            image, levels = made
            write_image(levels, image.size, target / image.name)
            written.append(image.name)

        try:
            with _threads(threads) as for_files, _threads(passes) as for_passes, _cores_shared_by(passes):
                found = filter(None, in_order(for_files, read, missing, 2 * threads))
                batches = in_order(for_passes, translator, batches_of_one_size(found, batch_size), passes)
                files = in_order(for_files, write, _flat(batches, target, names), 2 * threads)
                for _ in track(files, "translating", len(missing), transient=True):
                    pass
        except BaseException:
            there = len(written) + len(names) - len(missing)
            if written:
                log.info(
                    "stopped: %s of %s images are written to %s; skip_existing=true continues with the others",
                    f"{there:,}", f"{len(names):,}", target,
                )  # fmt: skip
            raise
        finally:
            for name in sorted(bad):
                log.warning("left out: %s: %s", printable(name), bad[name])
        if len(bad) == len(names):
            raise ValueError(f"input must hold images; none of the {len(names):,} in {source} can be read")
        log.info("%s images written to %s, %s left out", f"{len(written):,}", target, f"{len(bad):,}")

    return work


TAKES = (translate,)
"""The functions whose arguments are the keys of this command's configuration."""


def _flat(batches: Iterator[list[Made]], target: Path, names: list[str]) -> Iterator[Made]:
    """Yield image by image; before the first, take the folder, and remove what a killed process has begun in it."""
    for number, batch in enumerate(batches):
        if number == 0:
            take(target, "output")
            for folder in {(target / name).parent for name in names}:
                if folder.is_dir():
                    remove_leftovers(folder)
        yield from batch


@contextmanager
def _threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Yield a pool of threads; at the end, also by an error or a signal, what is begun is finished and nothing else."""
    pool = ThreadPoolExecutor(count)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _cores_shared_by(passes: int) -> Iterator[None]:
    """Give each pass of the network its part of torch's threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(max(1, before // passes))
    try:
        yield
    finally:
        torch.set_num_threads(before)
