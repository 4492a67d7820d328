"""Decoded images on disk or in files: what training batches are read from."""

import json
import os
import shutil
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from gan_lightning.data.decode import Survey, decode, dimensions
from gan_lightning.data.pictures import Pictures
from gan_lightning.data.transforms import Shape, fitted_parts
from gan_lightning.files import locked


@dataclass(frozen=True)
class Store:
    """Fitted pictures [N, C, H, W] in bytes, labels [N] or None, and what was found while they were read.

    The fingerprint is a hash of pixels and labels, the same on every machine.
    """

    pixels: np.ndarray
    labels: np.ndarray | None
    survey: Survey
    fingerprint: str

    def __len__(self) -> int:
        return len(self.pixels)

    def rows(self, indices: list[int]) -> np.ndarray:
        """Pixels of some pictures."""
        return np.asarray(self.pixels[indices])


def stored(pictures: Pictures, shape: Shape, flip: bool, folder: Path, what: str) -> Store:
    """The cache of these pictures, made first where there is none or the sources changed.

    Of several processes one makes it and the others wait; a process that is killed leaves nothing that looks whole.

    Raises:
        ValueError: where the folder cannot be written or the disk is too small.
    """
    sources = pictures.sources()
    names = [[source.name, source.size] for source in sources]
    changed = _hash(str([source.changed for source in sources]).encode())
    labels = None if pictures.labels is None else _hash(pictures.labels.astype(np.int64).tobytes())
    place = folder / _hash(json.dumps([names, shape, flip, labels]).encode())
    with locked(place):
        if not _is_fresh(place, changed):
            _build(pictures, shape, place, changed, what)
        return _open(place)


def _is_fresh(place: Path, changed: str) -> bool:
    """Whether a cache is whole and of these sources; what a power cut has damaged is not."""
    try:
        index = json.loads((place / "index.json").read_text())
        size = (place / "pixels").stat().st_size
        return index["changed"] == changed and size == int(np.prod(index["shape"]))
    except (OSError, ValueError, KeyError):
        return False


def _build(pictures: Pictures, shape: Shape, place: Path, changed: str, what: str) -> None:
    making = place.with_suffix(".making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    try:
        survey = Survey()
        kept: list[int] = []
        each = dimensions(pictures, shape)
        pixels = _reserve(making / "pixels", (len(pictures), *each))
        digest = blake2b(digest_size=16)
        for decoded in decode(pictures, shape, survey, what):
            pixels[len(kept) : len(kept) + len(decoded.numbers)] = decoded.pixels
            digest.update(decoded.pixels.tobytes())
            kept += decoded.numbers
        del pixels  # writes what is left
        os.truncate(making / "pixels", len(kept) * int(np.prod(each)))
        if pictures.labels is not None:
            labels = pictures.labels[kept].astype(np.int64)
            labels.tofile(making / "labels")
            digest.update(labels.tobytes())
        index = {
            "shape": [len(kept), *each], "labels": pictures.labels is not None, "changed": changed,
            "fingerprint": digest.hexdigest(), "survey": survey.plain(),
        }  # fmt: skip
        (making / "index.json").write_text(json.dumps(index, ensure_ascii=False, indent=1))
        for file in making.iterdir():
            with file.open("rb") as stream:
                os.fsync(stream.fileno())
        shutil.rmtree(place, ignore_errors=True)
        making.rename(place)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _reserve(file: Path, shape: tuple[int, ...]) -> np.ndarray:
    """A mapped file whose space on disk is taken at once: a full disk would otherwise kill the process on a write."""
    size = int(np.prod(shape))
    with file.open("wb") as stream:
        try:
            if size:
                os.posix_fallocate(stream.fileno(), 0, size)
        except OSError as error:
            free = shutil.disk_usage(file.parent).free
            raise ValueError(
                f"data.cache_dir needs {size / 2**20:,.0f} MiB for the decoded pictures, and {file.parent.parent} has "
                f"{free / 2**20:,.0f} MiB left; set data.cache_dir to another disk or data.cache to off"
            ) from error
    return np.memmap(file, np.uint8, "r+", shape=shape) if size else np.empty(shape, np.uint8)


def _open(place: Path) -> Store:
    index: dict[str, Any] = json.loads((place / "index.json").read_text())
    shape = tuple(index["shape"])
    pixels = np.memmap(place / "pixels", np.uint8, "r", shape=shape) if shape[0] else np.empty(shape, np.uint8)
    labels = np.fromfile(place / "labels", np.int64) if index["labels"] else None
    return Store(pixels, labels, Survey.from_plain(index["survey"]), index["fingerprint"])


def _hash(content: bytes) -> str:
    return blake2b(content, digest_size=12).hexdigest()


@dataclass(frozen=True)
class Direct:
    """Good pictures only: all are read once beforehand, so that none fails during training.

    The fingerprint is that of a cache of the same pictures.
    """

    pictures: Pictures
    shape: Shape
    kept: np.ndarray
    labels: np.ndarray | None
    survey: Survey
    fingerprint: str

    def __len__(self) -> int:
        return len(self.kept)

    def rows(self, indices: list[int]) -> np.ndarray:
        """Fitted pixels of some pictures."""
        return np.stack([fitted_parts(self.pictures[number], self.shape) for number in self.kept[indices].tolist()])


def examined(pictures: Pictures, shape: Shape, what: str) -> Direct:
    """Read all pictures once and keep the good ones' numbers."""
    survey = Survey()
    numbers: list[int] = []
    digest = blake2b(digest_size=16)
    for decoded in decode(pictures, shape, survey, what):
        numbers += decoded.numbers
        digest.update(decoded.pixels.tobytes())
    kept = np.array(numbers, np.int64)
    labels = None if pictures.labels is None else pictures.labels[kept]
    if labels is not None:
        digest.update(labels.astype(np.int64).tobytes())
    return Direct(pictures, shape, kept, labels, survey, digest.hexdigest())
