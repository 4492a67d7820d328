"""What run folders hold."""

import hashlib
from pathlib import Path

import torch


def checkpoint(folder, name="last"):
    """Return a checkpoint of a run."""
    return torch.load(Path(folder, "checkpoints", f"{name}.ckpt"), weights_only=True)


def files(folder):
    """Return each file's time and hash, by its path."""
    return {str(path): (path.stat().st_mtime_ns, hashlib.md5(path.read_bytes()).hexdigest()) for path in sorted(Path(folder).rglob("*")) if path.is_file()}  # fmt: skip
