"""Whether numbers are finite, kept on their device until somebody asks."""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

Name = tuple[str, str]
"""What kind of value it is, such as `weight`, and its own name, such as `generator.0.bias`."""
Value = tuple[Name, Tensor]
"""A tensor on its device, with its name."""


class NonFinite(NamedTuple):
    """The first values of a run that were NaN or infinite.

    Args:
        iteration: when.
        names: one of each sort.
    """

    iteration: int
    names: list[Name]

    def __str__(self) -> str:
        found = [f"the {kind} {name}".rstrip() for kind, name in self.names]
        together = " and ".join(filter(None, [", ".join(found[:-1]), found[-1]]))
        return f"{together} {'is' if len(found) == 1 else 'are'} NaN or infinite at iteration {self.iteration:,}"


def norms(tensors: Iterable[Value]) -> list[Value]:
    """Return the Euclidean norm of each of some tensors, on their device; one value that is not finite makes it so.

    Args:
        tensors: floating point tensors with their names.
    """
    named = [(name, each.float() if each.itemsize < 4 else each) for name, each in tensors]
    found = torch._foreach_norm([each for _, each in named]) if named else ()
    return [(name, norm) for (name, _), norm in zip(named, found, strict=True)]


class FinitenessLog:
    """Remembers which values were the first that were not finite; nothing waits for the device before `first`."""

    def __init__(self) -> None:
        self.bad: Tensor | None = None
        self._kept: dict[tuple[Name, ...], tuple[Tensor, Tensor]] = {}

    @torch.no_grad()
    def see(self, values: list[Value], iteration: int) -> None:
        """Look at all numbers of an iteration, in the order in which they came about."""
        names = tuple(name for name, _ in values)
        now = torch.stack([each if each.dtype is torch.float32 else each.float() for _, each in values])
        is_bad = ~now.isfinite().all()
        if now.device.type == "cpu" and not is_bad:  # nothing waits on a CPU, so the rest can be spared
            self.bad = is_bad if self.bad is None else self.bad
            return
        at, kept = self._kept.get(names, (torch.full_like(is_bad, -1, dtype=torch.int64), now))
        takes = is_bad & (at < 0)
        self._kept[names] = torch.where(takes, iteration, at), torch.where(takes, now, kept)
        self.bad = is_bad if self.bad is None else self.bad | is_bad

    def first(self) -> NonFinite | None:
        """Return the first values that were not finite; None if all were. The host waits for the device here."""
        found = []
        for names, (at, kept) in self._kept.items():
            if (iteration := int(at)) >= 0:
                bad = [name for name, is_good in zip(names, kept.isfinite().tolist(), strict=True) if not is_good]
                first_of_kind = dict(reversed(bad))  # of equal keys the last one stays
                found.append(NonFinite(iteration, [each for each in bad if each in first_of_kind.items()]))
        return min(found, key=lambda each: each.iteration, default=None)
