"""`gan-lightning report run=RUN`: the report of a run folder, one page."""

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

from omegaconf import DictConfig

from gan_lightning.config import logs, schema
from gan_lightning.config.record import RunRecord, refuse_links
from gan_lightning.config.run_folders import run_folder
from gan_lightning.files import refuse_existing
from gan_lightning.reports import run_report
from gan_lightning.values import Existing

log = logging.getLogger(__name__)


def prepared(config: DictConfig) -> Callable[[], None]:
    """Look at the run folder; return what writes its report."""
    logs.tidy()
    return report(**schema.arguments(f"{__name__}.report", config))


def report(
    run: Annotated[str, Existing("path", "be a run folder")], output: str | None = None, overwrite: bool = False
) -> Callable[[], None]:
    """Check what is asked for; return what writes the report.

    Nothing is needed but the run folder: no checkpoint, no data, and nothing in it is executed.

    Args:
        run: a run folder, or one of its checkpoints.
        output: the file of the report; None for `report.html` in the run folder, where an earlier report is replaced.
        overwrite: whether any other file may be replaced.

    Raises:
        ValueError: if there is no run, its record is damaged or refused, it has symbolic links, or a file exists
            that may not be replaced; nothing is written then.
    """
    folder = run_folder(run)
    RunRecord.read(folder, "run")
    refuse_links(folder, "run")
    file = Path(output).expanduser() if output else folder / run_report.NAME
    if file.is_dir():
        raise ValueError(f"output must name a file; {output} is a folder; type output={file / run_report.NAME}")
    is_earlier = output is None and file.is_file() and run_report.is_report(file)
    refuse_existing([file], "output", overwrite or is_earlier)
    return partial(_written, folder, file)


TAKES = (report,)
"""The functions whose arguments are the keys of this command's configuration."""


def _written(folder: Path, file: Path) -> None:
    run_report.write(folder, file)
    log.info("report written to %s", file)
