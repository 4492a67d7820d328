"""The command `translate` as tests run it, and what it leaves behind."""

from pathlib import Path

import numpy as np
from PIL import Image

from support.command import front_door

SHORT = [
    "trainer=cpu", "trainer.max_steps=2", "data.image_size=32", "data.batch_size=2", "callbacks=checkpoint",
    "logger=none", "model.generator.width=2", "model.discriminator.width=2",
]  # fmt: skip


def translate(run, source, output, *more):
    return front_door("translate", f"run={run}", f"input={source}", f"output={output}", "device=cpu", *more)


def levels(file):
    return np.asarray(Image.open(file).convert("RGB")).astype(int)


def names(folder):
    return sorted(file.relative_to(folder).as_posix() for file in Path(folder).rglob("*") if file.is_file())
