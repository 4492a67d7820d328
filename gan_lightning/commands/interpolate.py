"""`gan-lightning interpolate run=RUN`: images between samples or classes, and sums and differences of latents."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import torch
from jaxtyping import Float
from omegaconf import DictConfig
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from gan_lightning import randomness
from gan_lightning.config import logs, schema
from gan_lightning.evaluation.interpolation import lerp, path, slerp
from gan_lightning.files import refuse_existing, take
from gan_lightning.models.ema import Weights
from gan_lightning.models.inputs import LatentInputs, dropout_seeds
from gan_lightning.reports.animation import enlarged, write_animation
from gan_lightning.reports.captions import headed, panels
from gan_lightning.reports.pictures import picture_of_grid
from gan_lightning.reports.png import write_png
from gan_lightning.trained_run import BATCH, TrainedRun
from gan_lightning.types import (
    Checkpoint,
    Images,
    Latents,
    NewFolder,
    NonNegativeFloat,
    NonNegativeInt,
    Number,
    RunPath,
)
from gan_lightning.values import AtLeast, Numbers

log = logging.getLogger(__name__)

METHODS = {"lerp": lerp, "slerp": slerp}
FRAME = 128
"""Side in pixels of an animation, at least."""
NOISE = 0.25
"""Largest magnitude of what is added to the latent of a sum of samples, as in figure 7 of Radford et al. 2016."""


class Points(NamedTuple):
    """What a generator is given for some images.

    Args:
        latents: a latent for each image.
        classes: weights of all classes for each image; None for a generator without labels.
    """

    latents: Latents
    classes: Float[Tensor, "B K"] | None

    @property
    def given(self) -> tuple[Tensor, ...]:
        """Latents, and labels if each image has one class, which every generator by class takes, or else weights."""
        if self.classes is None:
            return (self.latents,)
        labels = self.classes.argmax(1)
        have_one = torch.equal(self.classes, F.one_hot(labels, self.classes.shape[1]).float())
        return (self.latents, labels if have_one else self.classes)


class Sum(NamedTuple):
    """What a generator is given for A - B + C.

    Args:
        groups: the samples of A, of B and of C.
        averages: the average of each group.
        around: nine points, of which the fifth is the sum and the others are near it.
    """

    groups: list[Points]
    averages: Points
    around: Points


def prepared(config: DictConfig) -> Callable[[], None]:
    """Restore the generator; return what writes its images."""
    logs.tidy()
    return interpolate(**schema.arguments(f"{__name__}.interpolate", config))


def interpolate(
    run: RunPath,
    output: NewFolder,
    checkpoint: Checkpoint = "last",
    samples: Annotated[int | Sequence[int], Numbers(0, once=False)] = (0, 1, 2, 3),
    steps: Annotated[int, AtLeast(2)] = 10,
    method: Literal["slerp", "lerp"] | None = None,
    labels: Annotated[int | Sequence[int] | None, Numbers(0, once=False)] = None,
    arithmetic: Sequence[Sequence[int]] | None = None,
    seed: NonNegativeInt = 0,
    truncation: NonNegativeFloat | None = None,
    fps: Annotated[Number, AtLeast(1)] = 12,
    weights: Weights = "ema",
    device: str = "auto",
    overwrite: bool = False,
    overrides: Any = (),
) -> Callable[[], None]:
    """Check what is asked for; return what writes the images.

    `interpolation.png` has a row for each two samples that follow one another, both included, and
    `interpolation.gif` and `interpolation.webp` go through all rows and back. With several labels a row goes from class
    to class instead, and each sample keeps its latent. Between two classes the generator is given weights of both, so
    that it mixes what it has learned of them; where each image has one class, it is given labels.

    Args:
        run: a run folder, or a checkpoint.
        output: the folder that the files are written to.
        checkpoint: `last`, `best` or a file.
        samples: numbers of images, those of the command `sample` with the same seed.
        steps: images in a row.
        method: `slerp`, on arcs, or `lerp`, on lines; None for arcs between normal latents and lines between others.
        labels: a class that all images have, or several that are passed through; None for those of the samples.
        arithmetic: lists of numbers of images, A, B and C, for `arithmetic.png`: A - B + C of the averages of their
            latents, and images around it (Radford et al. 2016, arXiv:1511.06434, figure 7).
        seed: decides the latents.
        truncation: the largest magnitude of a latent's numbers, of which larger ones are drawn again.
        fps: frames in a second.
        weights: the generator's moving average if there is one, or its weights as trained.
        device: `auto`, `cpu` or another of torch's devices.
        overwrite: whether files that exist may be replaced.
        overrides: a list of what replaces values of the run's configuration, such as a `_target_` that the run names.

    Raises:
        ValueError: if the model has no such samples or classes, its generator cannot mix classes, or files exist
            already; nothing is written then.
    """
    trained = TrainedRun(run, checkpoint, weights, device, overrides=overrides)
    trained.check_pictures()
    inputs, classes = trained.latent_inputs(truncation), trained.classes(labels)
    is_class_path = labels is not None and classes is not None and len(classes) > 1
    numbers = [samples] if isinstance(samples, int) else list(samples)
    if len(numbers) < 2 and not is_class_path:
        raise ValueError(f"samples must be two numbers of images or more, such as samples=[0,1]; got {samples}")
    groups = _groups(arithmetic, is_class_path)
    chosen = method or ("slerp" if trained.latent_inputs().is_normal else "lerp")
    target = Path(output).expanduser()
    stills = [target / "interpolation.png", *([target / "arithmetic.png"] if groups else [])]
    animations = [target / "interpolation.gif", target / "interpolation.webp"]
    refuse_existing([*stills, *animations], "output", overwrite)
    draw = _Draw(trained, inputs, classes, seed)
    ends = draw.points(numbers)
    tracks = draw.through_classes(ends.latents) if is_class_path else [ends]
    rows = [_between(track, steps, chosen) for track in tracks]
    sums = [draw.sum_of(groups)] if groups else []
    draw.check_mixtures([*rows, *(points for each in sums for points in (each.averages, each.around))])

    def work() -> None:
        take(target, "output")
        images = torch.stack([draw.images(row).unflatten(0, (-1, steps)) for row in rows])
        write_png(picture_of_grid(images.flatten(0, 2), steps), stills[0])
        frames = _there_and_back(images)
        for file in animations:
            write_animation(frames, file, fps)
        for each in sums:
            write_png(_picture_of_sum(draw, each), stills[1])
        of = f"{trained.weights} weights of iteration {trained.iteration:,}, seed {seed}, {chosen}"
        log.info("%d rows of %d images, %s", images.shape[0] * images.shape[1], steps, of)
        for file in [*stills, *animations]:
            log.info("written: %s", file)

    return work


TAKES = (interpolate,)
"""The functions whose arguments are the keys of this command's configuration."""


class _Draw:
    """Draws images of a trained run between its samples.

    Args:
        run: the run.
        inputs: draws its latents.
        classes: the classes that samples have in turn; None for a generator without labels.
        seed: decides the latents.
    """

    def __init__(self, run: TrainedRun, inputs: LatentInputs, classes: Sequence[int] | None, seed: int) -> None:
        self.run, self.inputs, self.classes, self.seed = run, inputs, classes, seed

    def points(self, numbers: Sequence[int]) -> Points:
        """Return what the generator is given for the samples of these numbers."""
        own = None if self.classes is None else [self.classes[number % len(self.classes)] for number in numbers]
        latents = self.inputs.by_number(numbers, self.seed, None, self.run.model.first_direction, own)[0]
        return Points(latents, None if own is None else self._weights(own))

    def through_classes(self, latents: Latents) -> list[Points]:
        """Return for each latent the points at which it has one class after the other."""
        assert self.classes is not None
        weights = self._weights(self.classes)
        return [Points(latent.expand(len(weights), -1), weights) for latent in latents]

    def sum_of(self, groups: Sequence[Sequence[int]]) -> Sum:
        """Return the points of A - B + C for the numbers of the samples in A, B and C."""
        every = [self.points(group) for group in groups]
        weights = [points.classes.mean(0) for points in every if points.classes is not None]
        averages = Points(
            torch.stack([points.latents.mean(0) for points in every]), torch.stack(weights) if weights else None
        )
        signs = torch.tensor([1.0, -1.0, 1.0])
        stream = torch.Generator().manual_seed(randomness.derive(self.seed, "arithmetic"))
        noise = NOISE * (2 * torch.rand(9, averages.latents.shape[1], generator=stream) - 1)
        noise[4] = 0
        classes = None if averages.classes is None else (signs @ averages.classes).expand(9, -1)
        return Sum(every, averages, Points(signs @ averages.latents + noise, classes))

    def check_mixtures(self, every: Sequence[Points]) -> None:
        """Check that the generator takes weights of classes, if some of the images lie between classes.

        Raises:
            ValueError: if it takes labels alone.
        """
        mixed = [given for given in (points.given for points in every) if any(map(torch.is_floating_point, given[1:]))]
        if not mixed:
            return
        try:
            self.run.images(*(each[:1] for each in mixed[0]), noise=[0])
        except Exception as error:  # networks raise errors of all kinds
            network = type(self.run.generator).__name__
            raise ValueError(
                f"labels must be one class, such as labels=0, because {network} takes no weights of classes and cannot "
                "mix two; ClassEmbedding, in gan_lightning/networks/class_embedding.py, can, so use it for nn.Embedding"
            ) from error

    def images(self, points: Points) -> Images:
        """Return the images of points; all have the same dropout, where a generator has any."""
        batches = zip(*(each.split(BATCH) for each in points.given), strict=True)
        noise = dropout_seeds([0], self.seed, self.run.model.first_direction)
        return torch.cat([self.run.images(*batch, noise=noise * len(batch[0])) for batch in batches])

    def _weights(self, labels: Sequence[int]) -> Float[Tensor, "B K"]:
        assert self.run.num_classes is not None
        return F.one_hot(torch.tensor(labels), self.run.num_classes).float()


def _between(ends: Points, steps: int, method: str) -> Points:
    """Return the points of rows of images, each from one end to the next; weights of classes are always on a line."""
    latents = path(ends.latents, steps, METHODS[method]).flatten(0, 1)
    return Points(latents, None if ends.classes is None else path(ends.classes, steps, lerp).flatten(0, 1))


def _groups(arithmetic: Sequence[Sequence[int]] | None, is_class_path: bool) -> list[list[int]]:
    """Return the numbers of A, B and C; nothing if there is no sum to be drawn.

    Raises:
        ValueError: if they are not three lists of numbers, or labels ask for a path through classes.
    """
    if arithmetic is None:
        return []
    groups = [list(group) if isinstance(group, Sequence) and not isinstance(group, str) else [] for group in arithmetic]
    if len(groups) != 3 or not all(group and all(type(n) is int and n >= 0 for n in group) for group in groups):
        raise ValueError(
            "arithmetic must be three lists of numbers of images, A, B and C of A - B + C, such as "
            f"arithmetic=[[0,1,2],[3,4,5],[6,7,8]]; got {arithmetic}"
        )
    if is_class_path:
        raise ValueError("arithmetic takes the samples' own classes or one of all; name one class in labels, or none")
    return groups


def _there_and_back(images: Float[Tensor, "T R S C H W"]) -> list[Image.Image]:
    """Return the frames of an animation in which all tracks move at the same time; neither end is there twice."""
    rows = images.transpose(0, 1)
    moments = [row[:, step] for number, row in enumerate(rows) for step in range(min(number, 1), row.shape[1])]
    nrow = min(len(images), 8)
    frames = [enlarged(picture_of_grid(moment, nrow), FRAME) for moment in moments]
    return [*frames, *frames[-2:0:-1]]


def _picture_of_sum(draw: _Draw, points: Sum) -> Image.Image:
    """Return a row for each group, its samples and their average, and beside them A - B + C amid eight others."""
    width = max(len(group.latents) for group in points.groups)
    shown = []
    for group, average in zip(points.groups, draw.images(points.averages), strict=True):
        images = draw.images(group)
        blank = images.new_ones(width - len(images), *images.shape[1:])
        shown.append(torch.cat([images, blank, average[None]]))
    rows = headed(picture_of_grid(torch.cat(shown), width + 1), [*[""] * width, "average"])
    return panels({"A, B, C": rows, "A - B + C": picture_of_grid(draw.images(points.around), 3)})
