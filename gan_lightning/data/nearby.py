"""Files and folders beside one that does not exist, of which one may be meant."""

from collections.abc import Callable
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path


def is_folder_or_zip(path: Path) -> bool:
    """Return whether a path is a folder, or a .zip file by its name."""
    return path.is_dir() or path.suffix.lower() == ".zip"


def sibling(path: Path, fits: Callable[[Path], bool] = is_folder_or_zip) -> Path | None:
    """Return what lies beside a missing path and has a name that is spelt nearly like its; None if nothing has.

    Args:
        path: the missing path.
        fits: whether a path would be accepted in its place.
    """
    names: list[str] = []
    with suppress(OSError):  # the folder above is missing too, or cannot be listed
        names = [each.name for each in path.parent.iterdir() if not each.name.startswith(".") and fits(each)]
    close = get_close_matches(path.name, names, n=1, cutoff=0.75)
    return path.parent / close[0] if close else None


def folders_in(path: Path) -> list[Path]:
    """Return the folders in a folder by their names, hidden ones excepted; none if it cannot be listed."""
    with suppress(OSError):
        return sorted(each for each in path.iterdir() if each.is_dir() and not each.name.startswith("."))
    return []
