"""Zip files of images, read in place: the path `photos.zip/cats/1.png` means the member `cats/1.png` of `photos.zip`.

Members are only ever decoded in memory and never written to disk, so no name in an archive leads anywhere.
"""

import logging
import os
import zlib
from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO
from pathlib import Path, PurePosixPath
from threading import Lock
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from gan_lightning.printable import printable

log = logging.getLogger(__name__)

SUFFIX = ".zip"
LARGEST = 2**28
"""The largest size in bytes of an unpacked member: as much as the pixels of the largest image that is decoded."""
METHODS = (ZIP_STORED, ZIP_DEFLATED)
"""How members may be packed; unpacking LZMA takes as much memory as the member asks for."""
DEEPEST = 32
"""How many names a path in an archive may have; a name of thousands costs its square in memory."""
RUN = (".hydra", "run.json")
"""A folder with one of these in it is a run of this program."""

Parts = tuple[str, ...]


class Archive:
    """The members of a zip file, as one process reads them; its threads may read at once.

    If everything lies in one folder, as in most archives of a folder, that folder counts as the archive's root. Hidden
    files, macOS's `__MACOSX` and run folders are left out, as in a folder. Of members with one name the last counts, as
    if the archive were unpacked. Names that are absolute, have `..` or lie deeper than `DEEPEST` are left out, with a
    warning.

    Args:
        file: the zip file.

    Raises:
        OSError: if it cannot be read.
        BadZipFile: if it is no zip file.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._zip = ZipFile(file)
        self._lock = Lock()
        found: dict[Parts, ZipInfo] = {}
        outside, deep, again = [], 0, 0
        for info in self._zip.infolist():
            parts = PurePosixPath(info.filename).parts
            if ".." in parts or info.filename.startswith("/"):
                outside.append(info.filename)
            elif len(parts) > DEEPEST:
                deep += 1
            elif parts:
                again += parts in found and not info.is_dir()
                found[parts] = info
        if outside:
            log.warning(
                "%s: %s names that lead out of it are left out, such as %s", file, len(outside), printable(outside[0])
            )
        if deep:
            log.warning("%s: %s names that are deeper than %s levels are left out", file, deep, DEEPEST)
        if again:
            log.warning("%s: %s members have the name of an earlier one, which they replace", file, again)
        runs = {parts[: parts.index(name)] for name in RUN for parts in found if name in parts}
        seen = {parts: info for parts, info in found.items() if not _is_hidden(parts, runs)}
        while len({parts[0] for parts in seen}) == 1 and not any(len(p) == 1 and not seen[p].is_dir() for p in seen):
            seen = {parts[1:]: info for parts, info in seen.items() if len(parts) > 1}
        self._folders = {parts[:depth] for parts in seen for depth in range(len(parts))} | {()}
        self._folders |= {parts for parts, info in seen.items() if info.is_dir()}
        self._members = {parts: info for parts, info in seen.items() if not info.is_dir()}

    def parts(self, path: Path) -> Parts:
        """Return the names on the way from the archive to a path in it."""
        return path.parts[len(self.file.parts) :]

    def is_folder(self, path: Path) -> bool:
        """Return whether a path in the archive is a folder; the archive itself is one."""
        return self.parts(path) in self._folders

    def has(self, path: Path) -> bool:
        """Return whether a path in the archive is a file."""
        return self.parts(path) in self._members

    def files_below(self, path: Path) -> Iterator[Path]:
        """Yield the files below a folder of the archive, at any depth."""
        above = self.parts(path)
        yield from (self.file.joinpath(*parts) for parts in self._members if parts[: len(above)] == above)

    def size(self, path: Path) -> int:
        """Return the size of a member in bytes, unpacked; -1 if there is none."""
        info = self._members.get(self.parts(path))
        return -1 if info is None else info.file_size

    def read(self, path: Path) -> bytes:
        """Return the unpacked content of a member.

        Raises:
            ValueError: if it is missing, empty, damaged, encrypted, packed by another method or too large.
        """
        info = self._members.get(self.parts(path))
        if info is None:
            raise ValueError("no such file")
        if info.flag_bits & 1:
            raise ValueError("encrypted in its .zip file; pack it without a password")
        if info.compress_type not in METHODS:
            raise ValueError("packed in its .zip file by a method other than store and deflate")
        if not info.file_size:
            raise ValueError("empty file")
        if info.file_size > LARGEST:
            raise ValueError(f"{info.file_size:,} bytes unpacked, more than {LARGEST:,}")
        try:
            with self._lock:
                stream = self._zip.open(info)
            try:
                return stream.read(info.file_size)  # no more, because what is packed may be larger than it says
            finally:
                with self._lock:
                    stream.close()
        except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise ValueError(f"damaged in its .zip file ({error})") from error


def archive_of(path: Path, key: str = "") -> Archive | None:
    """Return the archive that a path is or leads into; None for a path of the file system.

    Args:
        path: any path.
        key: the key of the configuration that an error names; empty for none.

    Raises:
        ValueError: if the zip file cannot be read.
    """
    above = (path, *path.parents)
    file = next((part for part in above if part.suffix.lower() == SUFFIX and os.path.isfile(part)), None)  # noqa: PTH113 - Path's raises without rights
    if file is None:
        return None
    try:
        status = file.stat()
        return _opened(file, status.st_size, status.st_mtime_ns, os.getpid())
    except (OSError, BadZipFile, ValueError, NotImplementedError) as error:
        wanted = f"{key}: " if key else ""
        raise ValueError(f"{wanted}{file} cannot be read as a .zip file ({error}); copy or make it again") from error


@lru_cache(maxsize=4)
def _opened(file: Path, size: int, changed: int, process: int) -> Archive:
    """Open an archive once for each process, because a position in a file is shared with processes that are forked."""
    return Archive(file)


def _is_hidden(parts: Parts, runs: set[Parts]) -> bool:
    return (
        parts[0] == "__MACOSX"
        or any(name.startswith(".") for name in parts)
        or any(parts[:depth] in runs for depth in range(len(parts) + 1))
    )


def content(file: Path) -> Path | BytesIO:
    """Return what is opened to read a file: the file itself, or the unpacked bytes of a member of an archive.

    Raises:
        ValueError: if it is empty, or as `Archive.read` says.
        OSError: if it is missing.
    """
    try:
        if not file.stat().st_size:
            raise ValueError("empty file")
        return file
    except NotADirectoryError:
        archive = archive_of(file)
        if archive is None:
            raise
        return BytesIO(archive.read(file))


def is_folder(path: Path, key: str = "data.root") -> bool:
    """Return whether a path is a folder, a zip file, or a folder in one; an error names the key."""
    archive = archive_of(path, key)
    return os.path.isdir(path) if archive is None else archive.is_folder(path)  # noqa: PTH112 - see `archive_of`
