"""How checkpoints are written to disk and read back."""

from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO

from gan_lightning.files import atomic_write


class AtomicCheckpointIO(TorchCheckpointIO):
    """Lightning's reader and writer of checkpoints, with files that are written whole or not at all.

    Lightning's own class writes to the system's temporary folder and moves the file, which is a copy that can be
    interrupted where that folder is on another file system.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None) -> None:
        with atomic_write(Path(path)) as stream:
            torch.save(checkpoint, stream)

    def load_checkpoint(
        self, path: Any, map_location: Any | None = None, weights_only: bool | None = True
    ) -> dict[str, Any]:
        """Load tensors and plain values; nothing in a checkpoint is executed.

        Raises:
            ValueError: if the file is missing, damaged or no checkpoint.
        """
        try:
            checkpoint = torch.load(path, map_location=map_location or "cpu", weights_only=True)
        except Exception as error:  # torch raises many kinds of errors, from EOFError to UnpicklingError
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise ValueError(f"{path} is no readable checkpoint: {reason}") from error
        if not isinstance(checkpoint, dict) or "state_dict" not in checkpoint:
            raise ValueError(f"{path} is no checkpoint of a training run: it holds no state_dict")
        return checkpoint
