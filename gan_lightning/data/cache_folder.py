"""The folder of one cache: the pixels and labels of fitted images, and an index that says what they must be."""

import json
import logging
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EDQUOT, ENOSPC
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gan_lightning.data.decode import Survey, decode, pixel_shape
from gan_lightning.data.images import PILImages
from gan_lightning.data.transforms import Shape
from gan_lightning.files import atomic_write, hashed_name, sync

log = logging.getLogger(__name__)

UNFINISHED = ".making"
"""The suffix of the folder in which a cache is built."""
VERSION = 1
"""The version of a cache's files; raise it when they change, so that older ones are not read."""
READ_SIZE = 2**24
"""How many bytes are hashed at once."""


class Opened(NamedTuple):
    """What a cache holds; see `CachedImages`."""

    pixels: np.ndarray
    labels: np.ndarray | None
    survey: Survey
    fingerprint: str


def opened(cache: Path, changed: str) -> Opened | None:
    """Open a cache; return None if there is none, its sources have changed, or it is not what was written.

    Sizes and the times of the last changes, which no program can set, are compared with those that the index has.
    Where they differ, as in a folder that was copied, all bytes are hashed and compared with the fingerprint, once.
    Only arrays of bytes and numbers are read, so nothing in a cache can run code.

    Args:
        cache: the cache's folder.
        changed: a hash of when the sources were changed.
    """
    try:
        index = _read_index(cache)
        if index["changed"] != changed:
            log.info("files of %s have changed, so they are read again", cache)
            return None
        shape, has_labels = tuple(index["shape"]), index["labels"]
        sizes = {"pixels": int(np.prod(shape))} | ({"labels": 8 * shape[0]} if has_labels else {})
        for name, size in sizes.items():
            if (cache / name).stat().st_size != size:
                raise ValueError(f"{name} must have {size:,} bytes; it has {(cache / name).stat().st_size:,}")
        if index["written"] != _times(cache, sizes):
            if _hashed(cache, sizes) != index["fingerprint"]:
                raise ValueError("its pixels or labels have changed since they were written")
            _write_index(cache, index | {"written": _times(cache, sizes)})
    except FileNotFoundError as error:
        if cache.is_dir():
            log.warning("the cache %s is built again: there is no %s", cache, Path(error.filename).name)
        return None
    except (OSError, ValueError) as error:
        log.warning("the cache %s is built again: %s", cache, error)
        return None
    pixels = np.memmap(cache / "pixels", np.uint8, "r", shape=shape) if shape[0] else np.empty(shape, np.uint8)
    labels = np.fromfile(cache / "labels", np.int64) if has_labels else None
    found = index["survey"]
    survey = Survey(Counter(found["sizes"]), Counter(found["modes"]), found["bad"])
    return Opened(pixels, labels, survey, index["fingerprint"])


def build(images: PILImages, shape: Shape, cache: Path, changed: str, name: str) -> None:
    """Decode all images into a folder that gets the cache's name once all of it is on disk.

    Args:
        images: what is cached.
        shape: what the images are fitted to.
        cache: the cache's folder, which is replaced if it exists.
        changed: a hash of when the sources were changed.
        name: the name of the set that the progress bar shows.

    Raises:
        ValueError: if the disk is too small or cannot be written.
    """
    unfinished = cache.with_suffix(UNFINISHED)
    each = pixel_shape(images, shape)
    with _disk_errors(cache.parent, len(images) * int(np.prod(each))):
        shutil.rmtree(unfinished, ignore_errors=True)
        try:
            unfinished.mkdir()
            with (unfinished / "pixels").open("wb") as stream:
                _reserve(stream.fileno(), len(images) * int(np.prod(each)))
                decoded = decode(images, shape, name, lambda rows: stream.write(rows.tobytes()))
                stream.truncate()
            if decoded.labels is not None:
                (unfinished / "labels").write_bytes(decoded.labels.tobytes())
            files = ["pixels"] if decoded.labels is None else ["pixels", "labels"]
            for file in files:
                sync(unfinished / file)
            index = {
                "shape": [len(decoded.kept), *each], "labels": decoded.labels is not None, "changed": changed,
                "fingerprint": decoded.fingerprint, "survey": vars(decoded.survey),
                "written": _times(unfinished, files),
            }  # fmt: skip
            _write_index(unfinished, index)
            shutil.rmtree(cache, ignore_errors=True)
            unfinished.rename(cache)
            sync(cache.parent)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)


def _write_index(cache: Path, index: dict[str, Any]) -> None:
    """Write the index with a hash of itself."""
    content = {name: value for name, value in index.items() if name != "checksum"}
    content["checksum"] = hashed_name(VERSION, json.dumps(content))
    with atomic_write(cache / "index.json") as stream:
        stream.write(json.dumps(content, ensure_ascii=False, indent=1).encode())


def _read_index(cache: Path) -> dict[str, Any]:
    """Read the index.

    Raises:
        ValueError: if it is not what was written.
    """
    index = json.loads((cache / "index.json").read_bytes())
    content = {name: value for name, value in index.items() if name != "checksum"} if isinstance(index, dict) else {}
    if not content or index.get("checksum") != hashed_name(VERSION, json.dumps(content)):
        raise ValueError("index.json is damaged or of another version")
    return content


def _times(cache: Path, names: list[str] | dict[str, int]) -> dict[str, list[int]]:
    """Return when each file's content, and its content or attributes, were last changed, in nanoseconds."""
    found = {name: (cache / name).stat() for name in names}
    return {name: [status.st_mtime_ns, status.st_ctime_ns] for name, status in found.items()}


def _hashed(cache: Path, names: dict[str, int]) -> str:
    """Return the fingerprint of what the files hold now, which is made as in `decode`."""
    digest = blake2b(digest_size=16)
    for name in names:
        with (cache / name).open("rb") as stream:
            while content := stream.read(READ_SIZE):
                digest.update(content)
    return digest.hexdigest()


def _reserve(descriptor: int, size: int) -> None:
    """Take the space of a file at once, so that a full disk is noticed before anything is decoded."""
    try:
        if size:
            os.posix_fallocate(descriptor, 0, size)
    except OSError as error:
        if error.errno in (ENOSPC, EDQUOT):
            raise  # any other error means that the file system cannot reserve space


@contextmanager
def _disk_errors(folder: Path, size: int) -> Iterator[None]:
    """Say what to do where the disk of all caches is full or fails; errors of images do not come here."""
    try:
        yield
    except OSError as error:
        remedy = "set data.cache_dir to another disk or data.cache to off"
        if error.errno in (ENOSPC, EDQUOT):
            free = shutil.disk_usage(folder).free
            raise ValueError(
                f"data.cache_dir needs {_mebibytes(size)} MiB for the decoded images, and {folder} has "
                f"{free // 2**20:,} MiB left; {remedy}"
            ) from error
        raise ValueError(f"data.cache_dir: {folder} cannot be written ({error.strerror}); {remedy}") from error


def _mebibytes(size: int) -> str:
    """Return a size in MiB, rounded up, for messages."""
    return f"{-(-size // 2**20):,}"
