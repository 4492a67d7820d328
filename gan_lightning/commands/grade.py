"""`gan-lightning grade FILE`: say whether the answer to an exercise is right, and if not, what its mistake is."""

import ast
import logging
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

from omegaconf import DictConfig

from gan_lightning.config import logs, schema
from gan_lightning.values import Existing, MoreThan

log = logging.getLogger(__name__)

PACKAGE = Path(__file__).resolve().parents[1]
START = 120.0
"""Seconds that the trial's imports may take."""


def prepared(config: DictConfig) -> Callable[[], None]:
    """Read the file; return what tries the answer.

    Args:
        config: the configuration of this command; see `grade`.

    Raises:
        ValueError: as `grade` does.
    """
    logs.tidy()
    return grade(**schema.arguments(f"{__name__}.grade", config))


def grade(
    file: Annotated[str, Existing("file", "name a Python file")], seconds: Annotated[float, MoreThan(0)] = 20.0
) -> Callable[[], None]:
    """Read an answer without executing it; return what tries it in a process of its own, and logs what is wrong.

    Args:
        file: a Python file that defines the function of an exercise.
        seconds: how long the answer may run, imports aside.

    Raises:
        ValueError: if the file defines no function of an exercise.
    """
    path = Path(file).expanduser().resolve()
    names = sorted(each.stem for each in (PACKAGE / "exercises").glob("[a-z]*.py"))
    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f"line {line}" if line else "the file"
        raise ValueError(f"file={file}: {where} is no Python: {getattr(error, 'msg', error)}") from None
    defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    own = [name for name in names if name in defined]
    if not own:
        raise ValueError(f"file={file} must define the function of an exercise, one of {', '.join(names)}")
    return partial(_graded, path, own[0], float(seconds))


TAKES = (grade,)
"""The functions whose arguments are the keys of this command's configuration."""


def _graded(path: Path, name: str, seconds: float) -> None:
    """Log whether the answer is right.

    Raises:
        SystemExit: with 1 if it is not.
    """
    hint = _tried(path, name, seconds)
    if hint:
        log.info("%s: not yet. %s", name, hint)
        raise SystemExit(1)
    log.info("%s: right.", name)


def _tried(path: Path, name: str, seconds: float) -> str:
    """Return the hint for an answer, from a process that is ended when its time is over; empty if it is right."""
    with _trial(path, name) as (process, lines):
        if not lines(START):
            return "The trial could not start; is torch installed?"
        hint = lines(seconds)
        if hint is None:
            return f"The answer has not ended after {seconds:g} seconds: look for a loop that never ends."
        return hint.strip("\n") if hint else _end(process, seconds)


def _end(process: "subprocess.Popen[bytes]", seconds: float) -> str:
    """Return how a process has ended that has said nothing."""
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:  # a thread of the answer goes on after exit()
        code = 0
    if code >= 0:
        return "The file ends the process: leave out exit() and quit()."
    memory = "; does its memory suffice?" if code == -signal.SIGKILL else "."
    return f"The process has crashed: {signal.strsignal(-code) or f'signal {-code}'}{memory}"


@contextmanager
def _trial(path: Path, name: str) -> Iterator[tuple["subprocess.Popen[bytes]", Callable[[float], str | None]]]:
    """Yield a trial, and what returns its next line, empty at its end and None after so many seconds; then end it."""
    reading, writing = os.pipe()
    paths = os.pathsep.join(filter(None, (str(PACKAGE.parent), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-P", "-m", "gan_lightning.grading.one_answer", str(path), name, str(writing)]
    process = subprocess.Popen(command, pass_fds=[writing], env={**os.environ, "PYTHONPATH": paths})
    os.close(writing)

    def next_line(seconds: float) -> str | None:
        ready, _, _ = select.select([pipe], [], [], seconds)
        return pipe.readline() if ready else None

    with os.fdopen(reading, encoding="utf-8", buffering=1) as pipe:
        try:
            yield process, next_line
        finally:
            process.kill()
            process.wait()
