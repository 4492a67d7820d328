"""Files that are written whole or not at all, by one process at a time, under names that say what they depend on."""

import logging
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

log = logging.getLogger(__name__)


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
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    # The name is short, because the file's own name may be as long as names can be.
    temporary = file.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(file)
        sync(file.parent)
    finally:
        temporary.unlink(missing_ok=True)


def add_name(file: Path, name: Path) -> None:
    """Give a file a second name in one step, replacing any file of that name.

    The name is a hard link, or a copy if the file system has no hard links.
    """
    temporary = name.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        os.link(file, temporary)
    except OSError:
        with file.open("rb") as source, atomic_write(name) as stream:
            shutil.copyfileobj(source, stream)
    else:
        temporary.replace(name)


def sync(path: Path) -> None:
    """Write a file, or a folder's entries, to disk, so that it survives a power failure."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
