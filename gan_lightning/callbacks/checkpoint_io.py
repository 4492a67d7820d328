"""How checkpoints are written to disk and read back."""

import hashlib
import logging
import re
import zipfile
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import torch
from lightning.fabric.plugins import TorchCheckpointIO

from gan_lightning.files import atomic_write

log = logging.getLogger(__name__)

END = b"PK\x05\x06"
"""The signature of the record that ends a zip archive, which is what torch writes."""
END_SIZE = 22
"""Bytes of that record without the archive's comment, whose length its last two bytes give."""
CHECKSUM = re.compile(rb"sha256:[0-9a-f]{64}")
CHECKSUM_SIZE = 71
CHANGED = "its checksum does not match its content, so bytes have changed since it was written"


class BadStateError(Exception):
    """An error after which the networks' state must not be kept, so that no good checkpoint is replaced by a bad one.

    A callback that raises it in `on_train_batch_end` does so before the checkpoint of that iteration is written.
    """


class AtomicCheckpointIO(TorchCheckpointIO):
    """Lightning's reader and writer of checkpoints, with files that are written whole or not at all.

    Lightning's own class writes to the system's temporary folder and moves the file, which is a copy that can be
    interrupted where that folder is on another file system. The comment of the archive is a checksum of all of it, so
    a file that a disk or a copy has changed is recognised; other programs read the file as any of torch's.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None) -> None:
        """Write a checkpoint.

        Raises:
            OSError: if the file cannot be written, for example because the disk is full; nothing is left of it.
        """
        with atomic_write(Path(path)) as stream:
            hashing: Any = _Hashing(stream)
            try:
                torch.save(checkpoint, hashing)
            except RuntimeError as error:  # torch's own, which hides that of the stream
                raise error.__context__ if isinstance(error.__context__, OSError) else error from None
            comment = b"sha256:" + hashing.digest.hexdigest().encode()
            stream.seek(-2, 2)
            stream.write(len(comment).to_bytes(2, "little") + comment)

    def load_checkpoint(
        self, path: Any, map_location: Any | None = None, weights_only: bool | None = True
    ) -> dict[str, Any]:
        """Load tensors and plain values; nothing in a checkpoint is executed.

        Raises:
            ValueError: if the file is missing, damaged or no checkpoint; the message names the file and the cause.
        """
        try:
            with Path(path).open("rb") as stream:
                if damage := _damage(stream):
                    raise ValueError(
                        f"{path} is no readable checkpoint: {damage}; copy it again, or name another checkpoint"
                    )
                stream.seek(0)
                checkpoint = torch.load(stream, map_location=map_location or "cpu", weights_only=True)
        except OSError as error:
            raise ValueError(f"{path} is no readable checkpoint: {error.strerror or error}") from error
        except ValueError:
            raise
        except Exception as error:  # torch raises many kinds of errors, from EOFError to UnpicklingError
            raise ValueError(f"{path} is no readable checkpoint: it is not all tensors and plain values") from error
        if not isinstance(checkpoint, dict) or "state_dict" not in checkpoint:
            raise ValueError(f"{path} is no checkpoint of a training run: it holds no state_dict")
        return checkpoint


def checkpoint_named_by(key: str, file: Path) -> dict[str, Any]:
    """Return the content of the checkpoint that a key names.

    Raises:
        ValueError: if the file is missing, damaged or no checkpoint; the message names the key, the file and the cause.
    """
    try:
        return AtomicCheckpointIO().load_checkpoint(file)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from error


class _Hashing:
    """A stream that hashes what is written to it."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream, self.digest = stream, hashlib.sha256()

    def write(self, part: Any) -> int:
        self.digest.update(part)
        return self.stream.write(part)

    def flush(self) -> None:
        self.stream.flush()


def newest_whole_checkpoint(folder: Path) -> Path:
    """Return the newest checkpoint of a run that is whole; a warning names each newer one that is damaged.

    Args:
        folder: the folder with `<iteration>.ckpt` and `last.ckpt`.

    Raises:
        ValueError: if there is none.
    """
    last = folder / "last.ckpt"
    numbered = sorted(numbered_checkpoints(folder), key=lambda file: int(file.stem), reverse=True)
    candidates = [*numbered, *([last] if last.is_file() and not any(map(last.samefile, numbered)) else [])]
    for file in candidates:
        with file.open("rb") as stream:
            damage = _damage(stream)
        if not damage:
            # The name that users know, where both are the same file.
            return last if last.is_file() and last.samefile(file) else file
        log.warning("%s is damaged and not used: %s", file, damage)
    found = f"all {len(candidates)} are damaged" if candidates else "there is none"
    raise ValueError(f"{folder} must have a checkpoint that can be read; {found}")


def numbered_checkpoints(folder: Path) -> list[Path]:
    """Return the files `<iteration>.ckpt` of a folder, in no order."""
    return [file for file in folder.glob("*.ckpt") if re.fullmatch(r"\d{7,}", file.stem)]


def _damage(stream: BinaryIO) -> str | None:
    """Return what is wrong with a checkpoint's bytes; None if they are as they were written.

    A file without a checksum was written by another program; torch's own checksums of its parts must then suffice.
    """
    size = stream.seek(0, 2)
    if not size:
        return "it is empty"
    stream.seek(0)
    start = stream.read(256)
    if start.lstrip()[:1] == b"<":
        return "it is a web page or another text, as a failed download leaves it"
    if not start.startswith(b"PK"):
        return "it does not begin as a checkpoint does"
    stream.seek(max(0, size - END_SIZE - CHECKSUM_SIZE))
    end = stream.read()
    has_comment = end[:4] == END and end[END_SIZE - 2 : END_SIZE] == bytes((CHECKSUM_SIZE, 0))
    if has_comment and CHECKSUM.fullmatch(end[END_SIZE:]):
        return None if _sha256(stream, size - CHECKSUM_SIZE - 2) == end[-64:].decode() else CHANGED
    if end[-END_SIZE : -END_SIZE + 4] != END or end[-2:] != b"\0\0":
        return "its end is missing or changed, as after an interrupted copy"
    stream.seek(0)
    try:
        return CHANGED if zipfile.ZipFile(stream).testzip() else None
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError):
        return CHANGED


def _sha256(stream: BinaryIO, size: int) -> str:
    """Return the hash of a stream's first bytes and of two zeros, the length of the comment before there was one."""
    digest = hashlib.sha256()
    stream.seek(0)
    while size and (part := stream.read(min(size, 1 << 20))):
        digest.update(part)
        size -= len(part)
    digest.update(b"\0\0")
    return digest.hexdigest()
