"""Scalars of a run: the latest value of each name, and its mean over the epoch, kept on the device until read."""

from collections.abc import Collection

import torch
from torch import Tensor


class Scalars:
    """Collects named scalars step by step; nothing waits for the device before they are read.

    Names may come at different times: a player that does not move in a step has no values then.
    """

    def __init__(self) -> None:
        self.latest: dict[str, Tensor] = {}
        self._step: dict[str, Tensor] = {}
        self._sums: dict[tuple[str, ...], tuple[Tensor, int]] = {}

    def note(self, name: str, value: Tensor, add: bool = False) -> None:
        """Keep a scalar of this step, or add it to what is kept under its name in this step."""
        value = value.detach()
        self._step[name] = self._step[name] + value if add and name in self._step else value

    def end_step(self) -> None:
        """Take the step's scalars into the latest values and, by one addition for all names, into the means."""
        if not self._step:
            return
        names, values = tuple(self._step), _stack(self._step.values())
        total, count = self._sums.get(names, (torch.zeros_like(values), 0))
        self._sums[names] = (total + values, count + 1)
        self.latest |= self._step
        self._step = {}

    def read_latest(self) -> dict[str, float]:
        """Return the latest value of each name since the last call."""
        if not self.latest:
            return {}
        values = _stack(self.latest.values()).tolist()
        names, self.latest = tuple(self.latest), {}
        return dict(zip(names, values, strict=True))

    def read_means(self) -> dict[str, float]:
        """Return the mean of each name since the last call."""
        sums: dict[str, tuple[float, int]] = {}
        for names, (totals, count) in self._sums.items():
            for name, total in zip(names, totals.tolist(), strict=True):
                before, seen = sums.get(name, (0.0, 0))
                sums[name] = (before + total, seen + count)
        self._sums = {}
        return {name: total / count for name, (total, count) in sums.items()}


def _stack(values: Collection[Tensor]) -> Tensor:
    """Return scalars side by side, in float32 or in what is more precise among them."""
    dtype = max((torch.float32, *(value.dtype for value in values)), key=lambda each: each.itemsize)
    return torch.stack([value.to(dtype) for value in values])
