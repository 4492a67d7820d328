"""One side of aligned pairs."""

from dataclasses import dataclass

import numpy as np

from gan_lightning.types import ImageSet


@dataclass(frozen=True)
class Half:
    """One side of aligned pairs, which are stored one above the other in their channels.

    Args:
        pairs: with both sides.
        side: 0 for x, 1 for y.
    """

    pairs: ImageSet
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
