"""`gan-lightning invert run=RUN input=FILE`: latents from which a trained generator makes given pictures."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from omegaconf import DictConfig
from PIL import Image
from rich.progress import track

from gan_lightning.config import logs, schema
from gan_lightning.data.images import read_image
from gan_lightning.data.listing import image_files
from gan_lightning.data.transforms import Shape, fitted, in_range
from gan_lightning.evaluation.inversion import Generate, Inversion, Inverted
from gan_lightning.files import atomic_write, refuse_existing, take
from gan_lightning.models.ema import Weights
from gan_lightning.models.inputs import cast_for
from gan_lightning.networks.sampling import seeded
from gan_lightning.printable import printable
from gan_lightning.reports.picture_table import Columns, picture_table
from gan_lightning.reports.pictures import levels
from gan_lightning.reports.png import write_png
from gan_lightning.trained_run import TrainedRun
from gan_lightning.types import Checkpoint, Images, NewFolder, NonNegativeFloat, NonNegativeInt, PositiveInt, RunPath
from gan_lightning.values import Existing, Numbers

log = logging.getLogger(__name__)

SHOWN = 16
"""Pictures in inversion.png, and errors in the log, at most."""
AMPLIFIED = 4
"""How many times brighter than they are errors are shown, because those of a good result would be black."""


def prepared(config: DictConfig) -> Callable[[], None]:
    """Restore the generator and read the pictures; return what inverts them."""
    logs.tidy()
    return invert(**schema.arguments(f"{__name__}.invert", config))


def invert(
    run: RunPath,
    input: Annotated[str, Existing("path", "name a picture, or a folder with pictures")],
    output: NewFolder,
    checkpoint: Checkpoint = "last",
    labels: Annotated[int | Sequence[int] | None, Numbers(0)] = None,
    steps: PositiveInt = 500,
    rate: NonNegativeFloat = 0.1,
    starts: PositiveInt = 4,
    feature_weight: NonNegativeFloat = 1.0,
    seed: NonNegativeInt = 0,
    weights: Weights = "ema",
    batch_size: PositiveInt = 64,
    device: str = "auto",
    overwrite: bool = False,
    overrides: Any = (),
) -> Callable[[], None]:
    """Check what is asked for and read the pictures; return what writes inversion.png and latents.npz.

    Apart from rounding, what is found for a picture depends neither on the other pictures nor on `batch_size`.

    Args:
        run: a run folder, or a checkpoint.
        input: a picture, or a folder with pictures; they are fitted to the network as training images are.
        output: the folder that the files are written to.
        checkpoint: `last`, `best` or a file.
        labels: the class of all pictures, or a list of classes that follow one another in turn, in the order of the
            files' names; None to try every class.
        steps: how many steps Adam takes.
        rate: its first learning rate.
        starts: from how many latents the search for each picture starts, for each class that is tried.
        feature_weight: the weight of the difference of features beside that of pixels.
        seed: decides the latents at the starts.
        weights: the generator's moving average if there is one, or its weights as trained.
        batch_size: rows in one pass of the generator, at most; each start of each picture, for each class that is
            tried, is one.
        device: `auto`, `cpu` or another of torch's devices.
        overwrite: whether files that exist may be replaced.
        overrides: a list of what replaces values of the run's configuration, such as a `_target_` that the run names.

    Raises:
        ValueError: if the model does not draw from noise, a class does not exist, no picture can be read, or files
            exist already; nothing is written then.
    """
    trained = TrainedRun(run, checkpoint, weights, device, overrides=overrides)
    inputs = trained.latent_inputs()
    trained.check_pictures()
    classes = trained.classes(labels)
    target = Path(output).expanduser()
    refuse_existing([target / "inversion.png", target / "latents.npz"], "output", overwrite)
    data = trained.config.data
    shape = Shape(data.image_size, data.channels, data.get("fit", "crop"), data.get("center_crop"))
    names, pictures = _read(Path(input).expanduser(), shape)

    def work() -> None:
        take(target, "output")
        tried = _classes_tried(classes, labels is not None, len(names))
        begun = inputs.by_number(range(starts), seed, None, "", None if classes is None else [0] * starts)[0]
        latents = begun.repeat_interleave(tried.shape[1], 0).to(trained.device)
        inversion = Inversion(
            _generator(trained), inputs.distribution, steps, rate, feature_weight, batch_size,
            lambda steps: track(steps, "inverting", transient=True),
        )  # fmt: skip
        found = inversion(pictures, latents, None if classes is None else tried.repeat(1, starts))
        write_png(_picture(pictures, found), target / "inversion.png")
        _write_latents(names, found, target / "latents.npz")
        for row, (name, error) in enumerate(zip(names[:SHOWN], found.errors.tolist(), strict=False)):
            of_class = "" if found.labels is None else f", class {found.labels[row]}"
            log.info("%s: root mean squared error %.1f of 255 levels%s", name, error, of_class)
        log.info("mean error of %s: %.1f levels", f"{len(names):,}", found.errors.mean())
        log.info("written to %s: inversion.png, latents.npz", target)

    return work


TAKES = (invert,)
"""The functions whose arguments are the keys of this command's configuration."""


def _read(place: Path, shape: Shape) -> tuple[list[str], Images]:
    """Return the names and the pixels of all pictures that can be read; the others are named in the log.

    Raises:
        ValueError: if none can be read.
    """
    is_folder = place.is_dir()
    names, arrays = [], []
    for file in image_files(place, "pictures to invert", "input") if is_folder else [place]:
        name = printable(file.relative_to(place) if is_folder else file.name)
        try:
            arrays.append(fitted(read_image(file), shape))
            names.append(name)
        except ValueError as error:
            if not is_folder:
                raise ValueError(f"input must be a picture that can be read; {place}: {error}") from error
            log.warning("left out: %s: %s", name, error)
    if not names:
        raise ValueError(f"input must hold pictures that can be read; none in {place} can")
    return names, in_range(torch.from_numpy(np.stack(arrays)), torch.float32)


def _classes_tried(classes: Sequence[int] | None, is_given: bool, count: int) -> torch.Tensor:
    """Return the classes [count, K] that are tried for each picture: the one that is given, or all."""
    if classes is None:
        return torch.zeros(count, 1, dtype=torch.int64)
    if is_given:
        return torch.tensor([[classes[row % len(classes)]] for row in range(count)])
    return torch.tensor(classes).expand(count, -1)


def _generator(trained: TrainedRun) -> Generate:
    """Return the generator in a form that can be differentiated by its latents; its dropout, if any, has the seed 0."""
    network = trained.network().requires_grad_(False)

    def generate(latents: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        given = (latents,) if labels is None else (latents, labels)
        with seeded(network, [0] * len(latents)):
            return network(*cast_for(network, *given)).float()

    return generate


def _picture(pictures: Images, found: Inverted) -> Image.Image:
    """Return a table: each picture, what the generator makes, and where they differ."""
    targets, results = pictures[:SHOWN], found.images[:SHOWN].clamp(-1, 1)
    errors = [[f"{error:.1f}"] for error in found.errors[:SHOWN].tolist()]
    none = [[""]] * len(targets)
    return picture_table(
        [
            Columns("target", levels(targets)[:, None], none),
            Columns("result", levels(results)[:, None], none),
            Columns(f"error x {AMPLIFIED}", levels(AMPLIFIED * (results - targets).abs() - 1)[:, None], errors),
        ]
    )


def _write_latents(names: Sequence[str], found: Inverted, file: Path) -> None:
    """Write the pictures' names, their latents and errors, and with classes their labels."""
    arrays = {"names": np.array(names), "latents": found.latents.numpy(), "errors": found.errors.numpy()}
    if found.labels is not None:
        arrays["labels"] = found.labels.numpy()
    with atomic_write(file) as stream:
        np.savez(stream, allow_pickle=False, **arrays)
