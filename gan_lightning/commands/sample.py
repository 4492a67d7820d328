"""`gan-lightning sample run=RUN`: images of a trained generator, as files or as one archive."""

import logging
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from jaxtyping import UInt8
from omegaconf import DictConfig
from PIL import Image
from rich.progress import track

from gan_lightning.config import logs, schema
from gan_lightning.files import atomic_write, refuse_existing, take
from gan_lightning.models.ema import Weights
from gan_lightning.reports.pictures import levels, picture, picture_of_grid
from gan_lightning.reports.png import write_png
from gan_lightning.trained_run import TrainedRun
from gan_lightning.types import Checkpoint, Images, NewFolder, NonNegativeFloat, NonNegativeInt, PositiveInt, RunPath
from gan_lightning.values import Numbers

log = logging.getLogger(__name__)

SHOWN = 64
"""Images in the grid, at most."""
NROW = 8
"""Images in a row of the grid, where there are no classes."""


def prepared(config: DictConfig) -> Callable[[], None]:
    """Restore the generator; return what samples it."""
    logs.tidy()
    return sample(**schema.arguments(f"{__name__}.sample", config))


def sample(
    run: RunPath,
    output: NewFolder,
    checkpoint: Checkpoint = "last",
    num_images: PositiveInt = 64,
    seed: NonNegativeInt = 0,
    labels: Annotated[int | Sequence[int] | None, Numbers(0)] = None,
    truncation: NonNegativeFloat | None = None,
    format: Literal["png", "npz"] = "png",
    weights: Weights = "ema",
    batch_size: PositiveInt = 64,
    device: str = "auto",
    overwrite: bool = False,
    overrides: Any = (),
) -> Callable[[], None]:
    """Check what is asked for; return what writes the images.

    Image k of a seed has the same latent whatever the batch, the device and the number of images, and the same pixels
    within one level. The same command on the same machine writes the same bytes. Memory does not grow with the number.

    Args:
        run: a run folder, or a checkpoint.
        output: the folder that the files are written to.
        checkpoint: `last`, `best` or a file.
        num_images: how many images.
        seed: decides the latents.
        labels: a class or a list of them, which follow one another in turn; all classes in turn without any.
        truncation: the largest magnitude of a latent's numbers, of which larger ones are drawn again.
        format: `png` for one file each, numbered from 000000.png on, or `npz` for one archive of bytes, `arr_0`
            [N, H, W, C] and, with classes, `arr_1` [N]. Both also have `grid.png`, the first 64 images.
        weights: the generator's moving average if there is one, or its weights as trained.
        batch_size: images in one pass of the generator.
        device: `auto`, `cpu` or another of torch's devices.
        overwrite: whether files that exist may be replaced.
        overrides: a list of what replaces values of the run's configuration, such as a `_target_` that the run names.

    Raises:
        ValueError: if the model cannot be sampled like this, or files exist already; nothing is written then.
    """
    trained = TrainedRun(run, checkpoint, weights, device, overrides=overrides)
    trained.check_pictures()
    classes = trained.classes(labels)
    trained.latent_inputs(truncation)
    target = Path(output).expanduser()
    files = [target / f"{number:06d}.png" for number in range(num_images)] if format == "png" else []
    archive = target / "samples.npz"
    refuse_existing([*files, *([archive] if format == "npz" else []), target / "grid.png"], "output", overwrite)

    def work() -> None:
        take(target, "output")
        batches = trained.batches(range(num_images), seed, labels, truncation, batch_size)
        steps = track(batches, "sampling", -(-num_images // batch_size), transient=True)
        shown: list[Images] = []
        made = _kept(steps, shown)
        if format == "npz":
            write_npz(made, num_images, classes, archive)
        else:
            for file, image in zip(files, (image for batch in made for image in batch), strict=True):
                write_png(picture(image), file)
        write_png(_grid(torch.cat(shown)[:SHOWN], classes), target / "grid.png")
        of = f"{trained.weights} weights of iteration {trained.iteration:,}, seed {seed}"
        log.info("%s images, %s, written to %s", f"{num_images:,}", of, archive if format == "npz" else target)
        log.info("grid: %s", target / "grid.png")

    return work


TAKES = (sample,)
"""The functions whose arguments are the keys of this command's configuration."""


def _kept(batches: Iterable[Images], shown: list[Images]) -> Iterator[UInt8[np.ndarray, "B H W C"]]:
    """Yield batches as bytes, and keep as many images as the grid shows."""
    for batch in batches:
        if sum(map(len, shown)) < SHOWN:
            shown.append(batch)
        yield levels(batch)


def _grid(images: Images, classes: Sequence[int] | None) -> Image.Image:
    """Return the grid of the first images; with several classes each column has one."""
    return picture_of_grid(images, NROW if classes is None or len(classes) == 1 else min(len(classes), 2 * NROW))


def write_npz(
    batches: Iterable[UInt8[np.ndarray, "B H W C"]], count: int, classes: Sequence[int] | None, file: Path
) -> None:
    """Write images as the archive that papers' evaluators read, batch by batch.

    Args:
        batches: the images as bytes.
        count: how many images they are in all.
        classes: the classes that the images have in turn; None if there are none.
        file: the archive; one that exists is replaced once the new one is whole.
    """
    with atomic_write(file) as stream, zipfile.ZipFile(stream, "w") as archive:
        with archive.open(zipfile.ZipInfo("arr_0.npy"), "w", force_zip64=True) as entry:
            for number, batch in enumerate(batches):
                if number == 0:
                    header = {"descr": "|u1", "fortran_order": False, "shape": (count, *batch.shape[1:])}
                    np.lib.format.write_array_header_1_0(entry, header)
                entry.write(np.ascontiguousarray(batch).tobytes())
        if classes is not None:
            with archive.open(zipfile.ZipInfo("arr_1.npy"), "w") as entry:
                np.lib.format.write_array(entry, np.array([classes[n % len(classes)] for n in range(count)]))
