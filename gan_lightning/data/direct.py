"""Pictures decoded anew each time they are needed, for sets that no disk can hold decoded."""

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from gan_lightning.data.decode import decode
from gan_lightning.data.fit import Shape, fitted_parts
from gan_lightning.data.pictures import Pictures
from gan_lightning.data.survey import Survey


@dataclass(frozen=True)
class Direct:
    """Good pictures only: all are read once beforehand, so that none fails during training.

    The fingerprint is that of a cache of the same pictures.
    """

    pictures: Pictures
    shape: Shape
    kept: np.ndarray
    labels: np.ndarray | None
    survey: Survey
    fingerprint: str

    def __len__(self) -> int:
        return len(self.kept)

    def rows(self, indices: list[int]) -> np.ndarray:
        """Fitted pixels of some pictures."""
        return np.stack([fitted_parts(self.pictures[number], self.shape) for number in self.kept[indices].tolist()])


def examined(pictures: Pictures, shape: Shape, what: str) -> Direct:
    """Read all pictures once and keep the good ones' numbers."""
    survey = Survey()
    numbers: list[int] = []
    digest = blake2b(digest_size=16)
    for decoded in decode(pictures, shape, survey, what):
        numbers += decoded.numbers
        digest.update(decoded.pixels.tobytes())
    kept = np.array(numbers, np.int64)
    labels = None if pictures.labels is None else pictures.labels[kept]
    if labels is not None:
        digest.update(labels.astype(np.int64).tobytes())
    return Direct(pictures, shape, kept, labels, survey, digest.hexdigest())
