"""`gan-lightning animate run=RUN`: the grids of a run as an animation, and a strip of some of them."""

import logging
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

from omegaconf import DictConfig
from PIL import Image

from gan_lightning.config import logs, schema
from gan_lightning.config.record import RunRecord
from gan_lightning.config.run_folders import run_folder
from gan_lightning.data.images import read_image
from gan_lightning.files import refuse_existing, take
from gan_lightning.reports.animation import of_one_size, write_animation
from gan_lightning.reports.captions import captioned, panels
from gan_lightning.reports.curves import curves_with_cursor
from gan_lightning.reports.grids import evenly_spaced, grids_by_iteration
from gan_lightning.reports.png import write_png
from gan_lightning.reports.tables import loss_curves
from gan_lightning.values import AtLeast, Called, Existing, Numbers

log = logging.getLogger(__name__)

CURVES = (320, 240)
"""Width and height in pixels of the losses beside a grid, at least."""


def prepared(config: DictConfig) -> Callable[[], None]:
    """Read the grids; return what writes the animation."""
    logs.tidy()
    return animate(**schema.arguments(f"{__name__}.animate", config))


def animate(
    run: Annotated[str, Existing("path", "be a run folder")],
    output: Annotated[str, Called("FOLDER")],
    fps: Annotated[float | int, AtLeast(1)] = 4,
    pause: Annotated[float | int, AtLeast(0)] = 2,
    size: Annotated[int, AtLeast(16)] = 480,
    max_frames: Annotated[int, AtLeast(1)] = 60,
    caption: bool = True,
    losses: bool = False,
    strip: Annotated[int, AtLeast(0)] = 5,
    iterations: Annotated[int | Sequence[int] | None, Numbers(0)] = None,
    overwrite: bool = False,
) -> Callable[[], None]:
    """Check what is asked for and draw the frames; return what writes them.

    The files are `animation.gif` and `animation.webp` with the grids of all iterations, and `strip.png` with some grids
    side by side. The run's pictures alone are read, so neither its checkpoints nor its data are needed.

    Args:
        run: a run folder, or a checkpoint in one.
        output: the folder that the files are written to.
        fps: grids in a second.
        pause: how many seconds longer the last grid is shown.
        size: the longest side of a grid in pixels at most; larger grids are reduced.
        max_frames: how many grids are shown at most; of more, some that are evenly spaced.
        caption: whether the iteration is below each grid; grids that were drawn with a caption keep their own.
        losses: whether the losses are beside each grid, with a line at its iteration.
        strip: how many grids the strip has, evenly spaced; 0 for no strip.
        iterations: the iterations that the strip shows instead.
        overwrite: whether files that exist may be replaced.

    Raises:
        ValueError: if there are no grids or not those of the strip, a picture cannot be read, or files exist already;
            nothing is written then.
    """
    folder = run_folder(run)
    grids = grids_by_iteration(folder / "samples")
    if not grids:
        RunRecord.read(folder, "run")
        raise ValueError(
            f"run={run} has no grids, because it was trained without callbacks.samples; train with callbacks=default, "
            f"or type gan-lightning sample run={shlex.quote(run)} for images"
        )
    every = list(grids)
    in_strip = _in_strip(iterations, every, strip)
    shown = [every[place] for place in evenly_spaced(len(every), max_frames)]
    target = Path(output).expanduser()
    animations = [target / "animation.gif", target / "animation.webp"]
    strips = [target / "strip.png"] if in_strip else []
    refuse_existing([*animations, *strips], "output", overwrite)
    opened = {iteration: _read(grids[iteration]) for iteration in sorted({*shown, *in_strip})}
    sized = dict(zip(opened, of_one_size([picture for picture, _ in opened.values()], size), strict=True))
    frames = {
        iteration: captioned(sized[iteration], f"iteration {iteration:,}")
        if caption and not opened[iteration][1]
        else sized[iteration]
        for iteration in shown
    }
    if losses:
        frames = _beside_losses(frames, folder)

    def work() -> None:
        take(target, "output")
        whole = of_one_size(list(frames.values()))
        for file in animations:
            write_animation(whole, file, fps, pause)
            log.info("%d grids, iteration %s to %s: %s", len(whole), f"{shown[0]:,}", f"{shown[-1]:,}", file)
        for file in strips:
            write_png(panels({f"iteration {iteration:,}": sized[iteration] for iteration in in_strip}), file)
            log.info("strip: %s", file)

    return work


TAKES = (animate,)
"""The functions whose arguments are the keys of this command's configuration."""


def _in_strip(iterations: int | Sequence[int] | None, every: Sequence[int], strip: int) -> list[int]:
    """Return the iterations of the strip.

    Raises:
        ValueError: if one that was asked for has no grid.
    """
    if iterations is None:
        return [every[place] for place in evenly_spaced(len(every), strip)] if strip else []
    wanted = [iterations] if isinstance(iterations, int) else list(iterations)
    for iteration in wanted:
        if iteration not in every:
            nearest = min(every, key=lambda known: abs(known - iteration))
            raise ValueError(
                f"iterations must be of grids of this run, {every[0]} to {every[-1]}; there is none of {iteration}, "
                f"the nearest is {nearest}"
            )
    return wanted


def _read(file: Path) -> tuple[Image.Image, bool]:
    """Return a grid in colours, and whether it was drawn with a caption.

    Raises:
        ValueError: if the file is no picture.
    """
    try:
        picture = read_image(file)
    except ValueError as error:
        raise ValueError(f"run: {file} cannot be read as a picture ({error}); remove it to do without") from error
    return picture.convert("RGB"), bool(picture.info.get("Title"))


def _beside_losses(frames: Mapping[int, Image.Image], folder: Path) -> dict[int, Image.Image]:
    """Return frames with the losses at their right.

    Raises:
        ValueError: if the run has no losses.
    """
    curves = loss_curves(folder / "losses.csv")
    if not curves:
        raise ValueError(f"losses=true needs losses in the file losses.csv, and {folder} has none; leave it out")
    height = max(CURVES[1], *(frame.height for frame in frames.values()))
    draw = curves_with_cursor(curves, "Losses", "Loss", max(CURVES[0], round(4 / 3 * height)), height)
    found = {}
    for iteration, frame in frames.items():
        drawn = draw(iteration)
        both = Image.new("RGB", (frame.width + drawn.width, height), "white")
        both.paste(frame, (0, 0))
        both.paste(drawn, (frame.width, 0))
        found[iteration] = both
    return found
