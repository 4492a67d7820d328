"""On what machine and with which versions a run is trained."""

import platform
from importlib.metadata import version
from typing import Any

from lightning import Trainer

from gan_lightning.devices import device_name
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
