"""The versions of the program and of what it runs on, as `gan-lightning --version` prints them."""

import platform

import torch

from gan_lightning import __version__
from gan_lightning.devices import device_name, device_of


def line() -> str:
    """Return the versions and the device that is used by default, in one line.

    It reads like `gan_lightning 0.2.0, torch 2.8.0+cpu, Python 3.11.7, device cpu`; a GPU has its name behind it.
    """
    device = device_of("auto")
    found = {
        "gan_lightning": __version__,
        "torch": torch.__version__,
        "Python": platform.python_version(),
        "device": f"{device} ({device_name(device)})" if device.type == "cuda" else device,
    }
    return ", ".join(f"{name} {value}" for name, value in found.items())
