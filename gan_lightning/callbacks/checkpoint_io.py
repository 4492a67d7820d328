"""How checkpoints reach the disk and come back."""

from pathlib import Path
from typing import Any

import torch
from lightning import Trainer
from lightning.fabric.plugins import TorchCheckpointIO

from gan_lightning.files import atomic_write


class AtomicCheckpointIO(TorchCheckpointIO):
    """A checkpoint is there whole or not at all, also when the power fails while it is written.

    Lightning's own writes to the system's temporary folder and moves the file, which is a copy, and interruptible,
    where that folder is on another file system.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None) -> None:
        with atomic_write(Path(path)) as stream:
            torch.save(checkpoint, stream)

    def load_checkpoint(
        self, path: Any, map_location: Any | None = None, weights_only: bool | None = True
    ) -> dict[str, Any]:
        """Load tensors and plain values; nothing in a checkpoint is executed.

        Raises:
            ValueError: where the file is missing, damaged or no checkpoint.
        """
        try:
            checkpoint = torch.load(path, map_location=map_location or "cpu", weights_only=True)
        except Exception as error:  # torch raises a dozen kinds, from EOFError to UnpicklingError
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise ValueError(f"{path} is no readable checkpoint: {reason}") from error
        if not isinstance(checkpoint, dict) or "state_dict" not in checkpoint:
            raise ValueError(f"{path} is no checkpoint of a training run: it holds no state_dict")
        return checkpoint


def is_last_of_run(trainer: Trainer) -> bool:
    """Whether the batch that ends is the last of all."""
    last_epoch = trainer.is_last_batch and trainer.current_epoch + 1 == trainer.max_epochs
    return trainer.should_stop or trainer.global_step == trainer.max_steps or last_epoch


def resumed_from(trainer: Trainer) -> Path | None:
    """The checkpoint that a run goes on from, wherever it lies now; None for a run that begins anew."""
    return Path(trainer.ckpt_path).resolve() if trainer.ckpt_path else None
