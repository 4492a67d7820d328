"""Advice on runs that would take longer than a day on the device at hand."""

import torch

from gan_lightning.callbacks.pace import Pace
from gan_lightning.devices import device_name
from gan_lightning.durations import duration

DAY = 24 * 60 * 60
"""Seconds of a day."""
SURE_AFTER = 20.0
"""Seconds of training after which the mean time of an iteration is worth a message."""


def advice_on_long_run(pace: Pace, device: torch.device, precision: str) -> str:
    """Return what would shorten a run that would take longer than a day, in one sentence; empty for other runs."""
    each, left = pace.seconds_per_iteration, pace.left
    if each is None or left is None or left <= DAY or pace.elapsed < SURE_AFTER:
        return ""
    in_a_day = pace.iteration + int(DAY / each)
    rounded = max(1, in_a_day // 1000 * 1000 or in_a_day)
    faster = [
        "a smaller data.image_size",
        "a smaller width of the networks (model.generator.width, model.discriminator.width)",
    ]
    if device.type == "cpu":
        faster.append("a GPU (trainer=gpu)")
    elif precision.startswith("32"):
        faster.append("bfloat16 (trainer=bf16)")
    return (
        f"this run takes about {duration(left)} on this device ({device_name(device)}); "
        f"trainer.max_steps={rounded} ends it within a day, and each iteration is faster with "
        f"{', '.join(faster[:-1])} or {faster[-1]}"
    )
