"""On what machine and with which versions a run is trained."""

import os
import platform
from importlib.metadata import version
from typing import Any

import torch
from lightning import Trainer

from gan_lightning.evaluation.records import versions


def environment(trainer: Trainer) -> dict[str, Any]:
    """Return the device, the precision, the system and the versions of a run, in plain values by name."""
    return {
        "device": device_name(trainer.strategy.root_device),
        "processes": trainer.world_size,
        "precision": str(trainer.precision),
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        **versions(),
        "lightning": version("lightning"),
    }


def device_name(device: torch.device) -> str:
    """Return what a device is called, with the number of cores for a CPU."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU, {os.cpu_count()} cores" if device.type == "cpu" else device.type
