"""What `gan-lightning check` says about a data set: notes, a table, and lists of files to delete."""

import os
import shlex
import textwrap
from collections.abc import Iterable, Mapping
from math import prod
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from gan_lightning.data.inspection import Inspection
from gan_lightning.printable import printable

MOST_LISTED = 10
"""How many files that cannot be read are listed on the terminal; all are in check.json."""


def counted(count: int, one: str, several: str) -> str:
    """Return a number with the words for one or for several."""
    return f"{count:,} {one if count == 1 else several}"


def notes_on(name: str, found: Inspection, classes: Mapping[str, int], side: int) -> list[str]:
    """Return remarks about the images of a split, which training can use.

    Args:
        name: the split's name.
        found: what was seen in its images.
        classes: the number of images of each class.
        side: the side of the fitted images.
    """
    notes = []
    small = found.fitted.survey.smaller_than(side)
    if empty := [each for each, count in classes.items() if not count]:
        notes.append(f"{counted(len(empty), 'class has', 'classes have')} no images: {_some(empty, 5)}")
    if groups := found.copies:
        count = sum(map(len, groups)) - len(groups)
        notes.append(
            counted(count, "exact copy of another image", "exact copies of other images") + _pair(found, groups)
        )
    if groups := found.equal_as_trained_on:
        count = sum(map(len, groups)) - len(groups)
        what = counted(count, "image is equal to another as trained on", "images are equal to others as trained on")
        notes.append(what + _pair(found, groups))
    if groups := found.near_copies:
        count = sum(map(len, groups)) - len(groups)
        what = counted(count, "near copy of another image", "near copies of other images")
        notes.append(f"{what} (packed again, resized or recoloured){_pair(found, groups)}")
    if kept := [name for name, files in found.damaged_files.items() if not files]:
        what = counted(len(kept), "file that cannot be read is", "files that cannot be read are")
        notes.append(f"{what} not in unreadable.txt, because the content may be good: {_some(kept, 3)}")
    if small:
        notes.append(
            f"{counted(small, 'image is', 'images are')} smaller than {side}x{side}, which data.image_size asks "
            "for, and enlarged"
        )
    if found.enlarged and len(found.enlarged) > small:
        notes.append(
            f"{counted(len(found.enlarged), 'image has', 'images have')} no fine detail, as after enlarging or out of "
            f"focus: {_rows(found, found.enlarged)}"
        )
    if found.bordered:
        notes.append(
            f"{counted(len(found.bordered), 'image has', 'images have')} a border or a frame of one colour, which a "
            f"generator learns too: {_rows(found, found.bordered)}"
        )
    if found.blank:
        what = counted(len(found.blank), "image is of nearly one colour", "images are of nearly one colour each")
        notes.append(f"{what}: {_rows(found, found.blank)}")
    return [f"{name}: {note}" for note in notes]


def notes_on_shared(name: str, found: Inspection, training: Inspection) -> list[str]:
    """Return remarks about images of a test split that are training images too."""
    place = name.replace("test", "train")
    notes = []
    if rows := found.in_both(training):
        notes.append(f"{counted(len(rows), 'image is', 'images are')} in {place} too: {_rows(found, rows)}")
    if rows := found.nearly_in_both(training):
        what = counted(len(rows), "image is a near copy of one", "images are near copies of some")
        notes.append(f"{what} in {place}: {_rows(found, rows)}")
    return [f"{name}: {note}" for note in notes]


def record_of(found: Inspection, classes: Mapping[str, int]) -> dict[str, Any]:
    """Return what check.json keeps of a split, with the names of all images that are concerned."""
    survey = found.fitted.survey
    rows = {"blank": found.blank, "bordered": found.bordered, "enlarged": found.enlarged}
    groups = {
        "copies": found.copies,
        "equal_as_trained_on": found.equal_as_trained_on,
        "near_copies": found.near_copies,
    }
    return {
        "images": len(found.fitted), "sizes": dict(survey.sizes.most_common()), "modes": dict(survey.modes),
        "bad": survey.bad, "classes": dict(classes), "fingerprint": found.fitted.fingerprint,
        **{key: [[found.names[row] for row in group] for group in value] for key, value in groups.items()},
        **{key: [found.names[row] for row in value] for key, value in rows.items()},
    }  # fmt: skip


def lines_for_xargs(files: Iterable[Path]) -> bytes:
    """Return absolute paths, one a line, quoted where `xargs rm` needs it.

    Bytes that are not UTF-8 stay as they are. Names with a line break are left out, because no quoting hides it.
    """
    paths = (os.path.abspath(file) for file in files)  # noqa: PTH100 - a link is removed, not what it leads to
    return b"".join(os.fsencode(shlex.quote(path)) + b"\n" for path in paths if "\n" not in path and "\r" not in path)


def show(report: Mapping[str, Any], commands: Iterable[str], after: str) -> None:
    """Print what was found; each thing once.

    Args:
        report: the content of check.json.
        commands: lines with paths and commands, which are not broken.
        after: what comes next if training can use the data.
    """
    console = Console()
    table = Table("split", "images", "sizes", "modes")
    for name, split in report["splits"].items():
        if "same_as" not in split:
            modes = [f"{count:,} {mode}" for mode, count in split["modes"].items()]
            table.add_row(name, f"{split['images']:,}", _sizes(split["sizes"]), _some(modes, 4, "modes"))
    if table.row_count:
        console.print(table)
    for name, split in report["splits"].items():
        if bad := split.get("bad"):
            shown = [f"  {image}: {why}" for image, why in list(bad.items())[:MOST_LISTED]]
            more = [f"  and {len(bad) - MOST_LISTED:,} more"] if len(bad) > MOST_LISTED else []
            total = counted(split["images"] + len(bad), "image", "images")
            _print(console, [f"{len(bad):,} of {total} of {name} cannot be read:", *shown, *more])
    _print(console, [f"note: {note}" for note in report["notes"]])
    for line in commands:
        console.print(line, highlight=False, markup=False, soft_wrap=True)  # as one line, which can be copied
    refused = [f"not ready for training: {problem}" for problem in report["problems"]]
    if refused:
        _print(console, refused)
    else:
        console.print(printable(f"ready for training: {after}"), highlight=False, markup=False, soft_wrap=True)


def _print(console: Console, lines: Iterable[str]) -> None:
    """Print lines, on a terminal broken between words."""
    for line in map(printable, lines):
        indent = " " * (4 if line.startswith(" ") else 2)
        width = console.width if console.is_terminal else len(line) + 1
        folded = textwrap.wrap(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
        console.print("\n".join(folded), highlight=False, markup=False, soft_wrap=True)


def _some(words: list[str], most: int, kind: str = "") -> str:
    """Return the first words, and how many more there are."""
    more = len(words) - most
    return ", ".join(words[:most]) + (f" and {more:,} more {kind}".rstrip() if more > 0 else "")


def _sizes(counts: Mapping[str, int]) -> str:
    """Return the most common sizes with their counts, and of many also the smallest and the largest by area."""
    kind = "size" if len(counts) == 4 else "sizes"
    said = _some([f"{count:,} of {size}" for size, count in counts.items()], 3, kind)
    by_area = sorted(counts, key=lambda size: prod(map(int, size.split("x"))))
    return said + (f", from {by_area[0]} to {by_area[-1]}" if len(counts) > 3 else "")


def _rows(found: Inspection, rows: list[int]) -> str:
    return _some([found.names[row] for row in rows], 3)


def _pair(found: Inspection, groups: list[list[int]]) -> str:
    return f", such as {found.names[groups[0][1]]} and {found.names[groups[0][0]]}"
