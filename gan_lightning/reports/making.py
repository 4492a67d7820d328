"""The command lines that make a run again, from its record."""

import re
import shlex
from collections.abc import Mapping
from typing import Any, NamedTuple

from gan_lightning.reports.tables import iteration_of

CODE = re.compile(r"-|[+~]*hydra\b|.*\b_[a-z]+_\b", re.S)
"""Words of a command line that are flags, settings of Hydra, or decide what is called."""
ROLLED_BACK = "callbacks.guard.attempt="
"""A word that the program records where the guard has rolled a run back; nobody has typed it."""
NEW = "DIR"
"""The new folder in lines that make a run again, where there are several."""
OWN = ["--config-dir", "FOLDER"]
"""The flag for the YAML files of the run's user. No record says which folder, because such files are code."""


class Making(NamedTuple):
    """How a run was made.

    Args:
        began: what it began with, a checkpoint, weights or YAML files of its user; empty if it began with none.
        lines: the command lines that make it again. A continuation that changed nothing has no line, because the line
            before goes there by itself if nothing interrupts it, and so does one that the guard rolls back.
        left_out: words that are not in the lines, because they decide what is executed.
    """

    began: str
    lines: list[str]
    left_out: list[str]


def making_of(record: dict[str, Any]) -> Making:
    """Return how the run of a record was made; the record may be a stranger's.

    Args:
        record: what `run.json` says, in plain values.

    Raises:
        ValueError: if an iteration is none, or there are no parts.
        KeyError: if a part of the record is missing.
        TypeError: if a part of it is of another kind, such as a number in place of a list.
    """
    parts: list[tuple[int, list[str]]] = []
    left_out: list[str] = []
    for part in record["parts"]:
        typed = [word for word in map(str, part["overrides"]) if not word.startswith(ROLLED_BACK)]
        line = iteration_of(part["iteration"]), [word for word in typed if not CODE.match(word)]
        if not parts or (typed and line not in parts[1:]):  # a part that did nothing is followed by an equal one
            parts.append(line)
        left_out += [word for word in typed if CODE.match(word)]
    (iteration, words), *further = parts
    parent, began, first = str(record["parent"]), "", []
    if parent and iteration:
        began = f"It continued {parent}, another run's checkpoint of iteration {iteration:,}, in a new folder."
        first = [f"resume={parent}"]
    elif parent:
        began, first = f"It began with the weights of {parent}.", [f"init_from={parent}"]
    if further:
        first.append(f"run_dir={NEW}")
    own = flags_of(record)
    if record.get("own"):
        began = f"{began} FOLDER stands for the folder with the YAML files of its user".lstrip()
        began += ", whose classes PYTHONPATH must find." if own else "."
    lines = [shlex.join(["gan-lightning", *(OWN if record.get("own") else []), *first, *words])]
    for iteration, words in further:
        continuation = shlex.join(["gan-lightning", *own, f"resume={NEW}", *words])
        lines.append(f"{continuation}  # from iteration {iteration:,}")
    return Making(began, lines, left_out)


def flags_of(record: Mapping[str, Any]) -> list[str]:
    """Return the flags that every command for the run of a record needs: those for classes of its user's own."""
    return OWN if record.get("own") == "classes" else []
