"""Files that are written whole or not at all, by one process at a time, under names that say what they depend on."""

import fcntl
import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

log = logging.getLogger(__name__)

OF_FILES = {
    ".bmp", ".ckpt", ".csv", ".gif", ".gz", ".html", ".jpeg", ".jpg", ".json", ".log", ".md", ".mp4", ".npy", ".npz",
    ".onnx", ".pdf", ".png", ".pt", ".pt2", ".pth", ".py", ".safetensors", ".svg", ".tar", ".tif", ".tiff", ".txt",
    ".webp", ".yaml", ".yml", ".zip",
}  # fmt: skip
"""Ends of names that no new folder gets, because who types one wants a file."""
TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.tmp")
"""The names of files that are being written."""


def exists(name: str) -> bool:
    """Return whether there is a file or folder of a name; there is none of a name that no file can have."""
    try:
        return Path(name).exists()
    except (OSError, ValueError):
        return False


def hashed_name(*parts: object) -> str:
    """Return a file name of 24 hexadecimal digits that is another wherever one of the parts is another as text."""
    return blake2b(repr(list(map(str, parts))).encode(), digest_size=12).hexdigest()


@contextmanager
def locked(path: Path, key: str) -> Iterator[None]:
    """Keep every other process away from a file or folder; the lock is a file next to it.

    Args:
        path: what is read or made; its parent folder is made where it is missing.
        key: the key of the configuration that an error names.

    Raises:
        ValueError: if the parent folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path.with_name(f"{path.name}.lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            log.info("waiting for another process that makes %s", path)
            lock.acquire()
    except OSError as error:
        raise ValueError(f"{key} must be a folder that can be written; got {path.parent} ({error.strerror})") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def locked_if_free(path: Path) -> Iterator[bool]:
    """Lock a file or folder as `locked` does if no process holds its lock, and say whether it is locked now."""
    lock = FileLock(path.with_name(f"{path.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


@contextmanager
def atomic_write(file: Path) -> Iterator[BinaryIO]:
    """Open a stream whose content becomes the file once all of it is on disk, also if the power fails in between.

    A file that exists is replaced in one step. If the body raises, the file stays as it was and nothing is left behind.

    Args:
        file: where the content goes; its parent folder is made where it is missing.

    Raises:
        OSError: if the file cannot be written, with its name; also if the body raises one, of whatever file.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary_beside(file)
    try:
        with temporary.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(file)
        sync(file.parent)
    except OSError as error:
        if error.errno is None:  # a library's own message
            raise
        raise OSError(error.errno, error.strerror, str(file)) from error  # not the temporary name, nor none
    finally:
        temporary.unlink(missing_ok=True)


_held: dict[Path, int] = {}
PATIENCE = 10.0
"""Seconds to wait for the lock of a folder, because a killed run's data workers keep it until they notice."""


def hold(folder: Path, key: str) -> None:
    """Keep a folder that exists for this process, until `release` or its end; nothing is written to it.

    Args:
        folder: the folder.
        key: the key of the configuration that an error names.

    Raises:
        ValueError: if another process has it, and does not release it within `PATIENCE`.
    """
    folder = folder.resolve()
    if folder in _held:
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    until = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() > until:
                holder = _holder(os.fstat(descriptor).st_ino)
                os.close(descriptor)
                raise ValueError(
                    f"{key}: {folder} is being written by another run{holder}; wait for its end, or stop it"
                ) from None
            time.sleep(0.1)
        except OSError as error:  # a file system without locks
            log.warning("%s cannot be locked (%s), so do not start two runs in it", folder, error)
            break
    _held[folder] = descriptor


def is_held_elsewhere(folder: Path) -> bool:
    """Return whether another process holds a folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return folder.resolve() not in _held
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def release() -> None:
    """Release all folders that this process holds."""
    while _held:
        os.close(_held.popitem()[1])


def _holder(inode: int) -> str:
    """Return the process that holds a lock, where Linux says so."""
    try:
        words = (line.split() for line in Path("/proc/locks").read_text().splitlines())
        return next(f" (process {each[4]})" for each in words if each[5].endswith(f":{inode}"))
    except (OSError, StopIteration, IndexError):
        return ""


def add_name(file: Path, name: Path) -> None:
    """Give a file a second name in one step, replacing any file of that name.

    The name is a hard link, or a copy if the file system has no hard links.
    """
    temporary = _temporary_beside(name)
    try:
        os.link(file, temporary)
    except OSError:
        with file.open("rb") as source, atomic_write(name) as stream:
            shutil.copyfileobj(source, stream)
    else:
        temporary.replace(name)
        sync(name.parent)


def refuse_existing(files: Iterable[Path], key: str, overwrite: bool) -> None:
    """Check that files can be written and replace none, unless that is wanted; nothing is written.

    Args:
        files: what is to be written.
        key: the key of the configuration that names their folder.
        overwrite: whether files that exist may be replaced.

    Raises:
        ValueError: for the first file that exists or cannot be written.
    """
    every = list(files)
    for folder in dict.fromkeys(file.parent for file in every):
        if folder.suffix.lower() in OF_FILES and not folder.is_dir():
            raise ValueError(
                f"{key} must name a folder, and {folder} looks like a file; type {key}={folder.with_suffix('')}"
            )
        nearest = next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
        if not nearest.is_dir():
            raise ValueError(f"{key}: {folder} must be a folder or not exist; {nearest} is a file")
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise ValueError(f"{key}: {folder} must be writable; {nearest} is not")
    there = [file for file in every if os.path.lexists(file)]
    if folders := [file for file in there if file.is_dir()]:
        raise ValueError(f"{key}: {folders[0]} must be a file or not exist; it is a folder")
    if there and not overwrite:
        raise ValueError(
            f"{key}: {len(there):,} of the {len(every):,} files to write exist already, the first is {there[0]}; "
            "overwrite=true replaces them"
        )


def take(folder: Path, key: str) -> None:
    """Make a folder if it is missing, hold it for this process, and remove unfinished files of killed ones from it.

    Args:
        folder: the folder that is written to.
        key: the key of the configuration that an error names.

    Raises:
        ValueError: if another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    hold(folder, key)
    remove_leftovers(folder)


@contextmanager
def without_new_empty_folders(folder: Path) -> Iterator[None]:
    """If the work in a folder fails before it has left a file, remove the folders that it has made.

    Args:
        folder: where the work makes folders and files; it may be missing.
    """
    new = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        yield
    except BaseException:
        if new and not any(not each.is_dir() for each in folder.rglob("*")):
            with suppress(OSError):
                shutil.rmtree(folder)
                for each in new[1:]:
                    each.rmdir()
        raise


def remove_leftovers(folder: Path) -> None:
    """Remove from a folder the unfinished files of processes that were killed; nobody else may write there."""
    for file in folder.iterdir():
        if TEMPORARY.fullmatch(file.name):
            file.unlink(missing_ok=True)


def _temporary_beside(file: Path) -> Path:
    """Return a new name in a file's folder; it is short, because the file's own may be as long as names can be."""
    return file.with_name(f".{secrets.token_hex(8)}.tmp")


def sync(path: Path) -> None:
    """Write a file, or a folder's entries, to disk, so that it survives a power failure."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
