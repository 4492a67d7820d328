"""Pictures decoded anew each time they are needed, for sets that no disk can hold decoded."""

from dataclasses import dataclass

import numpy as np

from gan_lightning.data.decode import decode
from gan_lightning.data.fit import Shape, fitted_parts
from gan_lightning.data.pictures import Pictures
from gan_lightning.data.survey import Survey


@dataclass(frozen=True)
class Direct:
    """Good pictures only: all are read once beforehand, so that none fails during training."""

    pictures: Pictures
    shape: Shape
    kept: np.ndarray
    labels: np.ndarray | None
    survey: Survey

    def __len__(self) -> int:
        return len(self.kept)

    def rows(self, indices: list[int]) -> np.ndarray:
        """Fitted pixels of some pictures."""
        return np.stack([fitted_parts(self.pictures[number], self.shape) for number in self.kept[indices].tolist()])


def examined(pictures: Pictures, shape: Shape, what: str) -> Direct:
    """Read all pictures once and keep the good ones' numbers."""
    survey = Survey()
    kept = np.array([number for part in decode(pictures, shape, survey, what) for number in part.numbers], np.int64)
    return Direct(pictures, shape, kept, None if pictures.labels is None else pictures.labels[kept], survey)
