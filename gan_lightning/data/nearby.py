"""Folders beside one that does not exist, of which one may be meant."""

from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path


def sibling(path: Path) -> Path | None:
    """Return the folder or .zip file beside a missing path whose name is spelt nearly like its; None if none is."""
    names: list[str] = []
    with suppress(OSError):  # the folder above is missing too, or cannot be listed
        places = [each for each in path.parent.iterdir() if each.is_dir() or each.suffix.lower() == ".zip"]
        names = [place.name for place in places if not place.name.startswith(".")]
    close = get_close_matches(path.name, names, n=1, cutoff=0.75)
    return path.parent / close[0] if close else None


def folders_in(path: Path) -> list[Path]:
    """Return the folders in a folder by their names, hidden ones excepted; none if it cannot be listed."""
    with suppress(OSError):
        return sorted(each for each in path.iterdir() if each.is_dir() and not each.name.startswith("."))
    return []
