"""`gan-lightning translate run=RUN input=DIR output=DIR`: a folder of images into the other domain."""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import torch
from lightning import Trainer
from omegaconf import DictConfig
from PIL import Image, ImageOps
from rich.progress import track
from torch import Tensor

from gan_lightning.config import logs, schema
from gan_lightning.config.runs import checkpoint_of, restored
from gan_lightning.data.fit import colours
from gan_lightning.data.folder import image_files
from gan_lightning.data.pictures import read
from gan_lightning.models.translation import Direction, TranslationModule
from gan_lightning.types import Count

log = logging.getLogger(__name__)

Precision = Literal["32-true", "bf16-mixed", "16-mixed"]
REDUCED = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
BICUBIC = Image.Resampling.BICUBIC
LOSSY = {".jpg", ".jpeg", ".webp"}
QUALITY = 95
"""Pillow's default loses more than a translation should."""


class Job(NamedTuple):
    """A picture on its way: its name below the input folder, its size (W, H), its values [C, h, w] in [-1, 1]."""

    name: str
    size: tuple[int, int]
    values: Tensor


def run(config: DictConfig) -> None:
    """Translate every image below `input`.

    Raises:
        ValueError: where a key is wrong, or files of the output exist already; nothing has been written then.
    """
    logs.tidy()
    translate(**schema.arguments(translate, config))


def translate(
    run: str,
    input: str,
    output: str,
    direction: Direction = "xy",
    batch_size: Count = 1,
    precision: Precision = "32-true",
    accelerator: str = "auto",
    overwrite: bool = False,
) -> None:
    """Translate every image below a folder; each keeps its name, its folder and its size.

    Sides are rounded to multiples of what the network takes, and restored afterwards. What cannot be read is named and
    left out.

    Args:
        run: a run folder, or a checkpoint.
        input: the folder of images.
        output: the folder that they are written to.
        direction: `xy` or, for a model that goes both ways, `yx`.
        batch_size: images of one size that go through the network at once.
        precision: the network's.
        accelerator: of Lightning's.
        overwrite: whether files may be replaced.

    Raises:
        ValueError: see `run`.
    """
    model, trained, iteration = restored(checkpoint_of(run, "run"), "run")
    if not isinstance(model, TranslationModule):
        raise ValueError(f"run must be of a model that translates, pix2pix or cyclegan; got a {type(model).__name__}")
    if direction not in model.directions:
        raise ValueError(f"direction must be {' or '.join(model.directions)} for {run}; got {direction}")
    source, target = Path(input).expanduser(), Path(output).expanduser()
    files = image_files(source, "images to translate", "input")
    names = [str(file.relative_to(source)) for file in files]
    _leave_alone(source, target, names, overwrite)
    model.to(Trainer(accelerator=accelerator, devices=1, logger=False).strategy.root_device)
    log.info("translating %s images with %s, iteration %s", f"{len(files):,}", run, f"{iteration:,}")
    bad: dict[str, str] = {}
    multiple = model.translators(model.generator)[direction].multiple
    jobs = _jobs(track(files, "translating", transient=True), names, trained.data.channels, multiple, bad)
    with torch.autocast(model.device.type, REDUCED.get(precision), precision in REDUCED):
        for batch in _batches(jobs, batch_size):
            images = torch.stack([job.values for job in batch]).to(model.device)
            made = model.translate(images, [job.name for job in batch], direction)
            for job, image in zip(batch, made.float().cpu(), strict=True):
                _write(image, job.size, target / job.name)
    for name, reason in bad.items():
        log.warning("left out: %s: %s", name, reason)
    log.info("%s images written to %s, %s left out", f"{len(files) - len(bad):,}", target, f"{len(bad):,}")


def _leave_alone(source: Path, target: Path, names: list[str], overwrite: bool) -> None:
    """Refuse an output that would replace something.

    Raises:
        ValueError: naming the key.
    """
    if target.resolve() == source.resolve():
        raise ValueError(f"output must be another folder than input, which stays as it is; got {target} for both")
    if target.exists() and not target.is_dir():
        raise ValueError(f"output must be a folder; {target} is a file")
    there = [name for name in names if (target / name).exists()]
    if there and not overwrite:
        raise ValueError(
            f"output: {len(there):,} of the {len(names):,} files exist in {target} already, the first is {there[0]}; "
            "overwrite=true replaces them"
        )


def _jobs(files: Iterable[Path], names: list[str], channels: int, multiple: int, bad: dict[str, str]) -> Iterator[Job]:
    """The pictures that can be read, with sides that the network takes; the others go into `bad`."""
    for file, name in zip(files, names, strict=True):
        try:
            picture = colours(ImageOps.exif_transpose(read(file)), channels)
        except (ValueError, OSError) as error:
            bad[name] = str(error)
            continue
        rounded = tuple(max(1, round(side / multiple)) * multiple for side in picture.size)
        levels = np.asarray(picture.resize(rounded, BICUBIC) if rounded != picture.size else picture)
        values = torch.from_numpy(levels.reshape(*levels.shape[:2], channels).transpose(2, 0, 1).copy())
        yield Job(name, picture.size, values.float() / 127.5 - 1)


def _batches(jobs: Iterable[Job], batch_size: int) -> Iterator[list[Job]]:
    """Neighbours of one size, at most `batch_size` of them."""
    batch: list[Job] = []
    for job in jobs:
        if batch and (len(batch) == batch_size or job.values.shape != batch[0].values.shape):
            yield batch
            batch = []
        batch.append(job)
    if batch:
        yield batch


def _write(image: Tensor, size: tuple[int, int], file: Path) -> None:
    """An image [C, h, w] in [-1, 1] as a file of a size (W, H), in the format of its name."""
    levels = ((image + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).numpy()
    picture = Image.fromarray(levels[..., 0] if levels.shape[-1] == 1 else levels)
    if picture.size != size:
        picture = picture.resize(size, BICUBIC)
    file.parent.mkdir(parents=True, exist_ok=True)
    picture.save(file, **({"quality": QUALITY} if file.suffix.lower() in LOSSY else {}))
