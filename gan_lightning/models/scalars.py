"""Scalars of a run: the latest value of each name, and its mean over the epoch, kept on the device until read."""

from collections.abc import Collection
from typing import Any

import torch
from lightning import LightningModule
from torch import Tensor


class Scalars:
    """Collects named scalars step by step; nothing waits for the device before they are read.

    Names may come at different times: a player that does not move in a step has no values then. `last_step` holds the
    values of the step that ended last, on the device, and `epoch_means` the means of the last whole epoch.
    """

    def __init__(self) -> None:
        self.last_step: dict[str, Tensor] = {}
        self.epoch_means: dict[str, float] = {}
        self._newest: dict[str, Tensor] = {}
        self._latest: dict[str, Tensor] = {}
        self._step: dict[str, Tensor] = {}
        self._sums: dict[tuple[str, ...], tuple[Tensor, int]] = {}

    def note(self, name: str, value: Tensor, add: bool = False) -> None:
        """Keep a scalar of this step, or add it to what is kept under its name in this step."""
        value = value.detach()
        self._step[name] = self._step[name] + value if add and name in self._step else value

    def log(self, module: LightningModule, iteration: int) -> None:
        """End the step; at the trainer's cadence write the latest value of each name to the loggers and progress bar.

        So a player that does not move in the iteration that is written is seen too.
        """
        if self._step:
            names, values = tuple(self._step), stacked(self._step.values())
            total, count = self._sums.get(names, (torch.zeros_like(values), 0))
            self._sums[names] = (total.to(values.device) + values, count + 1)
            self._latest |= self._step
            self._newest |= self._step
            self.last_step, self._step = self._step, {}
        every = module.trainer.log_every_n_steps  # type: ignore[attr-defined]
        if self._latest and every and iteration % every == 0:
            for name, value in self._latest.items():
                module.log(name, value, prog_bar=name.endswith("/loss"), logger=False)
            latest = stacked(self._latest.values()).tolist()
            _write(module, dict(zip(self._latest, latest, strict=True)), iteration)
            self._latest = {}

    def log_means(self, module: LightningModule, iteration: int) -> None:
        """Write the mean of each name since the last call as `epoch/<name>`."""
        sums: dict[str, tuple[float, int]] = {}
        for names, (totals, count) in self._sums.items():
            for name, total in zip(names, totals.tolist(), strict=True):
                before, seen = sums.get(name, (0.0, 0))
                sums[name] = (before + total, seen + count)
        self._sums = {}
        self.epoch_means = {name: total / count for name, (total, count) in sums.items()}
        if self.epoch_means:
            _write(module, {f"epoch/{name}": mean for name, mean in self.epoch_means.items()}, iteration)

    def newest(self) -> dict[str, float]:
        """Return the newest value of each name; this waits for the device."""
        return dict(zip(self._newest, stacked(self._newest.values()).tolist(), strict=True)) if self._newest else {}

    def state(self) -> dict[str, Any]:
        """Return what has not been written yet: the latest values, and the sums of the epoch that has begun."""
        sums = [(list(names), total, count) for names, (total, count) in self._sums.items()]
        return {"latest": dict(self._latest), "sums": sums}

    def load_state(self, state: dict[str, Any]) -> None:
        """Continue from what `state` returned."""
        self._latest = dict(state["latest"])
        self._sums = {tuple(names): (total, count) for names, total, count in state["sums"]}


def _write(module: LightningModule, scalars: dict[str, float], iteration: int) -> None:
    clock: dict[str, Any] = {"epoch": module.current_epoch, "images_seen": module.images_seen}
    for logger in module.loggers:
        logger.log_metrics({**scalars, **clock}, step=iteration)


def stacked(values: Collection[Tensor]) -> Tensor:
    """Return scalars side by side, in float32 or in what is more precise among them."""
    dtype = max((torch.float32, *(value.dtype for value in values)), key=lambda each: each.itemsize)
    device = next(reversed(list(values))).device  # those of a checkpoint are on the CPU
    return torch.stack([value.to(device, dtype) for value in values])
