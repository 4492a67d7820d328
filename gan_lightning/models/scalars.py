"""Running means of scalars that stay on the device until they are read."""

import torch
from torch import Tensor


class Means:
    """The mean of each named scalar since the last read; names may come at different times.

    One addition a call, whatever the number of names; nothing waits for the device before `read`.
    """

    def __init__(self) -> None:
        self._sums: dict[tuple[str, ...], tuple[Tensor, int]] = {}

    def add(self, scalars: dict[str, Tensor]) -> None:
        """Take in one value for each name."""
        if not scalars:
            return
        names, values = tuple(scalars), torch.stack([value.float() for value in scalars.values()])
        total, count = self._sums.get(names, (torch.zeros_like(values), 0))
        self._sums[names] = (total + values, count + 1)

    def read(self) -> dict[str, float]:
        """The means, and start anew."""
        sums: dict[str, tuple[float, int]] = {}
        for names, (totals, count) in self._sums.items():
            for name, total in zip(names, totals.tolist(), strict=True):
                before, seen = sums.get(name, (0.0, 0))
                sums[name] = (before + total, seen + count)
        self._sums = {}
        return {name: total / count for name, (total, count) in sums.items()}
