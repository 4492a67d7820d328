"""The pictures of one domain as they are scored: neither cropped at random nor mirrored, by number."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np


@runtime_checkable
class Stills(Protocol):
    """Fitted pictures in bytes, with labels where there are any."""

    @property
    def labels(self) -> np.ndarray | None:
        """Class numbers [N]."""

    @property
    def fingerprint(self) -> str:
        """A hash of pixels and labels."""

    def __len__(self) -> int: ...

    def rows(self, indices: list[int]) -> np.ndarray:
        """Pixels [n, C, H, W] of some pictures."""


@dataclass(frozen=True)
class Half:
    """One side of aligned pairs, which are stored one above the other in their channels.

    Args:
        pairs: with both sides.
        side: 0 for x, 1 for y.
    """

    pairs: Stills
    side: int

    @property
    def labels(self) -> np.ndarray | None:
        """Pairs have none."""
        return None

    @property
    def fingerprint(self) -> str:
        """That of the pairs, with the side."""
        return f"{self.pairs.fingerprint}-{'xy'[self.side]}"

    def __len__(self) -> int:
        return len(self.pairs)

    def rows(self, indices: list[int]) -> np.ndarray:
        """Pixels of one side."""
        return np.split(self.pairs.rows(indices), 2, axis=1)[self.side]
