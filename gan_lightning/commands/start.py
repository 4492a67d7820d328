"""`gan-lightning start DIR`: from a folder of pictures to a recipe that fits them and this device."""

import logging
import os
import shlex
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

from omegaconf import DictConfig

from gan_lightning.config import logs, schema
from gan_lightning.config.composition import composed
from gan_lightning.data.listing import image_files
from gan_lightning.data.picture_survey import PictureSurvey, look_at
from gan_lightning.devices import device_name, device_of
from gan_lightning.files import atomic_write
from gan_lightning.printable import printable
from gan_lightning.recipes.choice import FILE, choose, try_all
from gan_lightning.recipes.recipe import candidates, recipe, size
from gan_lightning.types import ImagesPath, Number
from gan_lightning.values import AtLeast

log = logging.getLogger(__name__)

TRAIN = "gan-lightning --config-dir . experiment=mine"
"""The command that trains by the recipe."""

FEWEST = 32
"""A GAN that is trained on fewer pictures than these shows nothing but them."""
MOST_BAD = 0.5
"""A folder of which a larger share cannot be read is refused."""
FOR_LOOKING = 0.2
"""The part of the time that the look at the pictures may take."""


def prepared(config: DictConfig) -> Callable[[], None]:
    """Look for pictures; return what tries recipes and writes one.

    Args:
        config: the configuration of this command; see `start`.

    Raises:
        ValueError: as `start` does.
    """
    logs.tidy()
    return start(**schema.arguments(f"{__name__}.start", config))


def start(
    root: ImagesPath,
    hours: Annotated[Number, AtLeast(0.01)] = 12,
    seconds: Annotated[Number, AtLeast(1)] = 100,
    overwrite: bool = False,
) -> Callable[[], None]:
    """Check what is asked for; return what tries recipes and writes one to `experiment/mine.yaml`.

    Args:
        root: the folder of pictures.
        hours: the longest run that is acceptable.
        seconds: the time that looking and trying may take together.
        overwrite: whether a recipe that exists is replaced.

    Raises:
        ValueError: if there is a recipe already, or the folder has too few pictures, an odd name, or the working
            directory in it.
    """
    began = time.monotonic()
    if os.path.lexists(FILE) and not overwrite:
        raise ValueError(f"{FILE} exists already; overwrite=true replaces it, or start in another folder")
    folder = Path(root).expanduser().resolve()
    if printable(folder) != str(folder):
        raise ValueError(f"root must have a name of printable characters; got {printable(folder)}: rename it")
    if Path.cwd().resolve().is_relative_to(folder):
        raise ValueError(
            "root must be neither the working directory nor around it, because recipes and runs are written there; got "
            f"{folder}: cd to a folder elsewhere and type gan-lightning start {shlex.quote(str(folder))}"
        )
    files = image_files(folder, key="root")
    _check_count(folder, len(files), len(files))
    return partial(_write, folder, files, hours, seconds, began)


TAKES = (start,)
"""The functions whose arguments are the keys of this command's configuration."""


def _write(folder: Path, files: list[Path], hours: Number, seconds: Number, began: float) -> None:
    until, busy = began + seconds, _busy()
    survey = look_at(folder, files, FOR_LOOKING * seconds)
    _check_survey(survey)
    log.info("%s", _described(survey))
    for remark in [*_remarks(survey), *([busy] if busy else [])]:
        log.info("  %s", remark)
    _check_disk(0, candidates(survey)[0].cache)  # the least that is needed, before minutes are spent on trials
    forecast, why_not = choose(try_all(survey, 3600.0 * hours, until, seconds), 3600.0 * hours)
    _check_disk(forecast.folder, forecast.candidate.cache)
    measured = "; ".join(filter(None, (f"{forecast}, on {device_name(device_of('auto'))}", busy)))
    text = recipe(forecast.candidate, forecast.iterations, measured, why_not)
    with atomic_write(FILE) as stream:
        stream.write(text.encode())
    log.info("%s: %s", FILE, forecast.candidate)
    log.info("  %-9s %s", "forecast", forecast)
    log.info("  %-9s %s names copies, frames and broken files", "check", _check(survey.root))
    log.info("  %-9s %s", "train", TRAIN)
    log.info("  %-9s %s trainer.max_steps=%d", "a tenth", TRAIN, max(1, forecast.iterations // 10))


def _busy() -> str:
    """Return that other programs take the cores, while nothing has been tried yet; empty if they do not."""
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    return f"the machine is busy now (load {load:.1f} on {cores} cores), so times may change" if load > cores else ""


def _check(root: Path) -> str:
    return shlex.join(["gan-lightning", "check", "data=folder", f"data.root={root}"])


def _check_count(folder: Path, count: int, whole: int) -> None:
    if count < FEWEST:
        unreadable = f" of {whole:,}, the others cannot be read" if count < whole else ""
        raise ValueError(
            f"root must hold at least {FEWEST} pictures, because fewer cannot teach a GAN more than themselves; "
            f"{folder} holds {count:,}{unreadable}"
        )


def _check_survey(survey: PictureSurvey) -> None:
    first = next((f"{name}: {why}" for name, why in survey.bad.items()), "")
    if not survey.sizes:
        raise ValueError(f"root must hold pictures; none of the {len(survey.bad):,} files can be read, {first}")
    _check_count(survey.root, survey.count, survey.count + len(survey.bad))
    if survey.bad_share > MOST_BAD:
        raise ValueError(
            f"root must hold pictures; {len(survey.bad):,} of {survey.looked_at:,} cannot be read, the first is "
            f"{first}; {_check(survey.root)} names them all"
        )


def _described(survey: PictureSurvey) -> str:
    common = ", ".join(f"{count:,} of {width}x{height}" for (width, height), count in survey.sizes.most_common(3))
    more = len(survey.sizes) - 3
    rest = f" and {more:,} other sizes" if more > 0 else ""
    colour = "all gray" if survey.is_gray else "in colour"
    return f"{survey.count:,} pictures in {survey.root}, {colour}: {common}{rest}; modes {', '.join(survey.modes)}"


def _remarks(survey: PictureSurvey) -> list[str]:
    remarks = []
    if survey.looked_at < survey.count + len(survey.bad):
        remarks.append(f"only {survey.looked_at:,} were looked at, because time is short")
    if survey.bad:
        name, why = next(iter(survey.bad.items()))
        remarks.append(f"{len(survey.bad):,} cannot be read and are left out, the first is {name}: {why}")
    if survey.classes:
        classes = ", ".join(f"{name} {count:,}" for name, count in list(survey.classes.items())[:5])
        rest = f" and {len(survey.classes) - 5} more" if len(survey.classes) > 5 else ""
        remarks.append(f"{len(survey.classes)} sub-folders are taken for classes: {classes}{rest}")
    return remarks


def _check_disk(run: int, pictures: int) -> None:
    """Ask the disk of the working directory, which gets the run, and the disk that gets the decoded pictures.

    Args:
        run: the bytes of the run's folder.
        pictures: the bytes of the decoded pictures.

    Raises:
        ValueError: if one of them has too little space left.
    """
    here, cache = Path.cwd(), Path(composed(["data=folder"]).data.cache_dir).expanduser().absolute()
    while not cache.exists():
        cache = cache.parent
    is_one = here.stat().st_dev == cache.stat().st_dev
    free = shutil.disk_usage(here).free
    if (needed := run + pictures * is_one) > free:
        raise ValueError(f"the disk of {here} has {size(free)} left, and the run needs {size(needed)}; free some space")
    free = shutil.disk_usage(cache).free
    if pictures > free:
        raise ValueError(
            f"the disk of {cache} has {size(free)} left, and the decoded pictures need {size(pictures)}; free some "
            "space, or let the environment variable GAN_LIGHTNING_CACHE name a folder on another disk"
        )
