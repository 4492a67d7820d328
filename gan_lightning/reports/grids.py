"""The grids in a run folder."""

import re
from pathlib import Path


def grids_by_iteration(samples: Path) -> dict[int, Path]:
    """Return the files `<iteration>.png` of a run's folder `samples` by iteration, in ascending order."""
    found = {int(file.stem): file for file in samples.glob("*.png") if re.fullmatch(r"[0-9]{7,15}", file.stem)}
    return dict(sorted(found.items()))


def evenly_spaced(total: int, count: int) -> list[int]:
    """Return so many of the numbers from 0 to total - 1, evenly spaced; all of them if there are no more.

    Several begin with 0 and end with total - 1; one alone is total - 1.

    Examples:
        >>> evenly_spaced(10, 4)
        [0, 3, 6, 9]
    """
    count = min(count, total)
    if count == 1:
        return [total - 1]
    return [round(number * (total - 1) / (count - 1)) for number in range(count)]
