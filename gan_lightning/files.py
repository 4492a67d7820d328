"""Results that take long, kept on disk: made by one process while the others wait, and there whole or not at all."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

log = logging.getLogger(__name__)


def place(folder: Path, suffix: str, *parts: object) -> Path:
    """A file named by a hash of everything its content depends on."""
    name = blake2b("\n".join(map(str, parts)).encode(), digest_size=12).hexdigest()
    return folder / f"{name}{suffix}"


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """No other process is at this file.

    Raises:
        ValueError: where its folder cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(file.with_suffix(".lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            log.info("waiting for another process that makes %s", file)
            lock.acquire()
    except OSError as error:
        raise ValueError(f"data.cache_dir must be a folder that can be written; got {file.parent}") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def whole(file: Path) -> Iterator[BinaryIO]:
    """A stream whose content becomes the file once all of it is on disk."""
    making = file.with_suffix(".making")
    try:
        with making.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        making.replace(file)
    finally:
        making.unlink(missing_ok=True)
