"""`gan-lightning translate run=RUN input=DIR output=DIR`: translate a folder of images into the other domain."""

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
from lightning import Trainer
from lightning.pytorch.utilities.exceptions import MisconfigurationException
from omegaconf import DictConfig
from rich.progress import track

from gan_lightning.config import logs, schema
from gan_lightning.config.runs import checkpoint_of, restored
from gan_lightning.data import any_size
from gan_lightning.data.any_size import SizedImage, batches_of_one_size, read_images
from gan_lightning.data.folder import image_files
from gan_lightning.evaluation.sampling import Precision, autocast
from gan_lightning.models.game import AdversarialGame
from gan_lightning.printable import printable
from gan_lightning.randomness import derive
from gan_lightning.signals import Stopped
from gan_lightning.types import FolderPath, Images, PositiveInt, RunPath

log = logging.getLogger(__name__)


def prepared(config: DictConfig) -> Callable[[], None]:
    """Return what translates every image below `input`."""
    logs.tidy()
    return partial(translate, **schema.arguments("gan_lightning.commands.translate.translate", config))


def translate(
    run: RunPath,
    input: FolderPath,
    output: str,
    direction: Literal["xy", "yx"] = "xy",
    batch_size: PositiveInt = 1,
    precision: Precision = "32-true",
    accelerator: str = "auto",
    overwrite: bool = False,
) -> None:
    """Translate every image below a folder; each keeps its name, its sub-folder and its size.

    Sides are rounded to multiples of what the network takes and restored afterwards. Files that cannot be read are
    named and left out.

    Args:
        run: a run folder, or a checkpoint.
        input: the folder of images.
        output: the folder to which the translations are written.
        direction: `xy` translates x into y; `yx` translates y into x and needs a model with two directions.
        batch_size: the largest number of images, all of one size, in one pass of the network.
        precision: the precision in which the network computes.
        accelerator: one of Lightning's accelerators.
        overwrite: whether files may be replaced.

    Raises:
        ValueError: if a key is wrong or files exist already, before anything is written; or if no image can be read,
            memory does not suffice, or the network's outputs are not finite.
        Stopped: on a signal; the files that have been written are whole.
    """
    model, trained, iteration = restored(checkpoint_of(run, "run"), "run")
    if "xy" not in model.directions:
        raise ValueError(f"run must be of a model that translates, pix2pix or cyclegan; got a {type(model).__name__}")
    if direction not in model.directions:
        raise ValueError(f"direction must be {' or '.join(model.directions)} for {run}; got {direction}")
    source, target = Path(input).expanduser(), Path(output).expanduser()
    files = image_files(source, "images to translate", "input")
    names = [file.relative_to(source).as_posix() for file in files]
    any_size.check_output(source, target, names, overwrite)
    model.to(_device(accelerator))
    log.info("translating %s images with %s, iteration %s", f"{len(files):,}", run, f"{iteration:,}")
    bad: dict[str, str] = {}
    written = 0
    network: Any = model.generator_part(model.generator, direction)
    progress = track(files, "translating", transient=True)
    found = read_images(progress, names, trained.data.channels, network.multiple, bad)
    try:
        for batch in batches_of_one_size(found, batch_size):
            for image, pixels in zip(batch, _translated(model, batch, direction, precision), strict=True):
                any_size.write_image(pixels, image.size, target / image.name)
                written += 1
    except Stopped:
        log.info("stopped: %s of %s images are written to %s", f"{written:,}", f"{len(files):,}", target)
        raise
    finally:
        for name, reason in bad.items():
            log.warning("left out: %s: %s", printable(name), reason)
    if not written:
        raise ValueError(f"input must hold images; none of the {len(files):,} in {source} can be read")
    log.info("%s images written to %s, %s left out", f"{written:,}", target, f"{len(bad):,}")


TAKES = (translate,)
"""The functions whose arguments are the keys of this command's configuration."""


def _device(accelerator: str) -> torch.device:
    try:
        return Trainer(accelerator=accelerator, devices=1, logger=False).strategy.root_device
    except (MisconfigurationException, ValueError) as error:
        raise ValueError(f"accelerator must be auto or one that this machine has; got {accelerator}") from error


def _translated(model: AdversarialGame, batch: list[SizedImage], direction: str, precision: Precision) -> Images:
    """Return the translations of images of one size, [B, C, h, w] in [-1, 1], on the CPU.

    The noise of an image, if the network has any, depends on its name and the run's seed alone.
    """
    names = [image.name for image in batch]
    noise = [derive(model.seed, "dropout", name) for name in names]
    try:
        images = torch.stack([image.pixels for image in batch])
        with autocast(model.device, precision):
            translated = model.images(images, noise=noise, direction=direction).float().cpu()
    except torch.OutOfMemoryError as error:
        height, width = batch[0].pixels.shape[1:]
        raise ValueError(
            f"batch_size must fit into memory, which {len(batch)} images of {width}x{height} do not; "
            "precision=bf16-mixed and smaller images need less"
        ) from error
    if not translated.isfinite().all():
        raise ValueError(
            f"run must be of a model with finite outputs; the output for {printable(names[0])} has NaN or infinity"
        )
    return translated
