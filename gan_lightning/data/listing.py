"""The image files below a folder or in a zip file, found by their names; nothing large is imported for it."""

import errno
import logging
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gan_lightning.data.archive import RUN, archive_of, is_folder
from gan_lightning.printable import printable

log = logging.getLogger(__name__)

LABELS = "dataset.json"
"""The file with the labels of the images beside it, which is no image and no surprise."""
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"}

UNREAD = {".arw", ".avif", ".cr2", ".cr3", ".dng", ".heic", ".heif", ".jp2", ".jxl", ".nef", ".psd", ".svg"}
"""Suffixes of pictures that are not read, as phones and cameras write them."""


def image_files(
    root: Path | str | None, layout: str = "images, in it or in any sub-folder", key: str = "data.root"
) -> list[Path]:
    """List all image files below a folder or in a zip file, in the same order on every machine, without hidden ones.

    Args:
        root: the folder, the zip file or a folder in one; links to folders are followed, once each.
        layout: what the folder should hold, in the words of the error message.
        key: the key of the configuration that the error message names.

    Raises:
        ValueError: if there is no such folder, if it cannot be entered, or if it has no image.
    """
    wanted = f"{key} must name a folder with {layout}"
    if root is None:
        raise ValueError(f"{wanted}; got null")
    root = Path(root).expanduser()
    if not is_folder(root, key):
        raise ValueError(f"{wanted}; {_why_missing(root)}")
    archive = archive_of(root, key)
    if archive is None and not os.access(root, os.R_OK | os.X_OK):
        raise ValueError(f"{wanted}; {root} cannot be read")
    found = list(files_below(root, key) if archive is None else archive.files_below(root))
    files = sorted(filter(is_image, found), key=lambda file: file.as_posix())
    others = [file for file in found if not is_image(file) and file.name != LABELS]
    pictures = [file for file in others if file.suffix.lower() in UNREAD]
    if not files:
        remedy = "; convert the pictures to JPEG or PNG" if pictures else ""
        raise ValueError(f"{wanted}; {root} holds {f'only {_kinds(others)}' if others else 'no files at all'}{remedy}")
    if pictures:
        kind = "that kind" if len({file.suffix.lower() for file in pictures}) == 1 else "those kinds"
        log.warning("%s: left out %s, because %s cannot be read; convert to JPEG or PNG", root, _kinds(pictures), kind)
    if rest := [file for file in others if file.suffix.lower() not in UNREAD]:
        those = "which are not images by their names" if len(rest) > 1 else "which is no image by its name"
        log.info("%s: left out %s, %s", root, _kinds(rest), those)
    return files


def _why_missing(root: Path) -> str:
    try:
        root.stat()
    except PermissionError:
        return f"{root} cannot be read, because a folder above it may not be entered"
    except OSError:
        pass
    return f"there is no folder {root}"


def _kinds(files: list[Path]) -> str:
    """Return how many files of each suffix there are, in words, such as `2 .txt files and 1 without a suffix`."""
    counts = Counter(printable(file.suffix.lower()) for file in files).most_common()
    words = [f"{count:,} {suffix} file{'s'[: count > 1]}" for suffix, count in counts if suffix]
    words += [f"{count:,} file{'s'[: count > 1]} without a suffix" for suffix, count in counts if not suffix]
    if len(words) > 5:
        words[4:] = [f"{len(files) - sum(count for _, count in counts[:4]):,} others"]
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def files_below(root: Path, key: str) -> Iterator[Path]:
    """Yield the files below a folder that are not hidden; a link that leads back up is not followed again.

    Folders that cannot be listed or entered are left out, with a warning that names the key.
    """
    visited: set[str] = set()

    def warn(error: OSError) -> None:
        log.warning("%s: left out the folder %s: %s", key, printable(error.filename), error.strerror)

    for folder, below, names in os.walk(root, onerror=warn, followlinks=True):
        real = os.path.realpath(folder)
        is_run = any(name in below or name in names for name in RUN)  # with its sample images
        can_be_entered = os.access(folder, os.X_OK)
        if not can_be_entered:
            warn(PermissionError(errno.EACCES, os.strerror(errno.EACCES), folder))
        if real in visited or is_run or not can_be_entered:
            below.clear()
            continue
        visited.add(real)
        below[:] = sorted(name for name in below if not name.startswith("."))
        yield from (Path(folder, name) for name in names if not name.startswith("."))


def check_holds_images(root: Path, layout: str, key: str) -> None:
    """Check that there is an image below a folder or in a zip file; the search ends with the first.

    Args:
        root: the folder, the zip file or a folder in one.
        layout: what the folder should hold, in the words of the error message.
        key: the key of the configuration that the error message names.

    Raises:
        ValueError: as `image_files` does.
    """
    with quietly():
        if is_folder(root, key) and archive_of(root, key) is None and any(map(is_image, files_below(root, key))):
            return
        image_files(root, layout, key)


@contextmanager
def quietly() -> Iterator[None]:
    """List files without a line on what is left out, where they are only checked and will be listed again."""
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)


def is_image(file: Path) -> bool:
    """Return whether a file is an image by its name."""
    return file.suffix.lower() in SUFFIXES
