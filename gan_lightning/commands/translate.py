"""`gan-lightning translate run=RUN input=DIR output=DIR`: a folder of images into the other domain."""

import logging
from pathlib import Path
from typing import Literal

import torch
from lightning import Trainer
from lightning.pytorch.utilities.exceptions import MisconfigurationException
from omegaconf import DictConfig
from rich.progress import track
from torch import Tensor

from gan_lightning.config import logs, schema
from gan_lightning.config.runs import checkpoint_of, restored
from gan_lightning.data import translation_files
from gan_lightning.data.folder import image_files
from gan_lightning.data.translation_files import Job, batches, read_jobs
from gan_lightning.models.game import AdversarialGame
from gan_lightning.models.translation import Direction
from gan_lightning.randomness import derive
from gan_lightning.types import PositiveInt

log = logging.getLogger(__name__)

Precision = Literal["32-true", "bf16-mixed", "16-mixed"]
REDUCED = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}


def run(config: DictConfig) -> None:
    """Translate every image below `input`.

    Raises:
        ValueError: see `translate`.
    """
    logs.tidy()
    translate(**schema.arguments(translate, config))


def translate(
    run: str,
    input: str,
    output: str,
    direction: Direction = "xy",
    batch_size: PositiveInt = 1,
    precision: Precision = "32-true",
    accelerator: str = "auto",
    overwrite: bool = False,
) -> None:
    """Translate every image below a folder; each keeps its name, its sub-folder and its size.

    Sides are rounded to multiples of what the network takes, and restored afterwards. What cannot be read is named and
    left out.

    Args:
        run: a run folder, or a checkpoint.
        input: the folder of images.
        output: the folder that they are written to.
        direction: `xy` or, for a model that goes both ways, `yx`.
        batch_size: the most images, all of one size, that go through the network at once.
        precision: the network's.
        accelerator: one of Lightning's.
        overwrite: whether files may be replaced.

    Raises:
        ValueError: where a key is wrong or files exist already; nothing has been written then. Also where no image can
            be read, memory does not suffice, or the network's outputs are no numbers.
        SystemExit: with 130 on Ctrl-C; what has been written is whole.
    """
    model, trained, iteration = restored(checkpoint_of(run, "run"), "run")
    if "xy" not in model.directions:
        raise ValueError(f"run must be of a model that translates, pix2pix or cyclegan; got a {type(model).__name__}")
    if direction not in model.directions:
        raise ValueError(f"direction must be {' or '.join(model.directions)} for {run}; got {direction}")
    source, target = Path(input).expanduser(), Path(output).expanduser()
    files = image_files(source, "images to translate", "input")
    names = [file.relative_to(source).as_posix() for file in files]
    translation_files.refuse_to_lose(source, target, names, overwrite)
    model.to(_device(accelerator))
    log.info("translating %s images with %s, iteration %s", f"{len(files):,}", run, f"{iteration:,}")
    bad: dict[str, str] = {}
    written = 0
    multiple = int(model.part(model.generator, direction).multiple)  # type: ignore[arg-type]
    jobs = read_jobs(track(files, "translating", transient=True), names, trained.data.channels, multiple, bad)
    try:
        for batch in batches(jobs, batch_size):
            for job, image in zip(batch, _translated(model, batch, direction, precision), strict=True):
                translation_files.write(image, job.size, target / job.name)
                written += 1
    except KeyboardInterrupt:
        log.info("stopped: %s of %s images are written to %s", f"{written:,}", f"{len(files):,}", target)
        raise SystemExit(130) from None
    finally:
        for name, reason in bad.items():
            log.warning("left out: %s: %s", name, reason)
    if not written:
        raise ValueError(f"input must hold images; none of the {len(files):,} in {source} can be read")
    log.info("%s images written to %s, %s left out", f"{written:,}", target, f"{len(bad):,}")


def _device(accelerator: str) -> torch.device:
    try:
        return Trainer(accelerator=accelerator, devices=1, logger=False).strategy.root_device
    except (MisconfigurationException, ValueError) as error:
        raise ValueError(f"accelerator must be auto or one that this machine has; got {accelerator}") from error


def _translated(model: AdversarialGame, batch: list[Job], direction: Direction, precision: Precision) -> Tensor:
    """The translations of jobs of one size, [B, C, h, w] in [-1, 1], on the CPU."""
    device, names = model.device, [job.name for job in batch]
    try:
        images = torch.stack([job.values for job in batch]).to(device)
        with torch.autocast(device.type, REDUCED.get(precision), precision in REDUCED):
            made = (
                model.images(images, noise=[derive(model.seed, "dropout", name) for name in names], direction=direction)
                .float()
                .cpu()
            )
    except torch.OutOfMemoryError as error:
        height, width = batch[0].values.shape[1:]
        raise ValueError(
            f"batch_size must fit into memory, which {len(batch)} images of {width}x{height} do not; "
            "precision=bf16-mixed and smaller images need less"
        ) from error
    if not made.isfinite().all():
        raise ValueError(f"run must be of a model whose outputs are numbers, which those for {names[0]} are not")
    return made
