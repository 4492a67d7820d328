"""scikit-learn's embedded digits."""

from dataclasses import dataclass
from importlib.metadata import distribution

import numpy as np

from gan_lightning.data.images import ArrayImages, Source
from gan_lightning.data.one_domain import ImageDataModule
from gan_lightning.data.splits import NoTestImagesError, Split
from gan_lightning.types import Share

FILE = "sklearn/datasets/data/digits.csv.gz"


@dataclass(kw_only=True, eq=False)
class Digits(ImageDataModule):
    """1,797 handwritten digits, 8x8 with 17 gray levels (Alpaydin and Kaynak 1998, UCI), which scikit-learn contains.

    There is no official test split, so one fifth of them, 359 digits, is held out.

    Args:
        test_fraction: the share that is held out as the test split; 0 trains on all.
    """

    test_fraction: Share = 0.2

    def images(self, split: Split) -> ArrayImages:
        if split == "test":
            raise NoTestImagesError(
                "data=digits has no test images while data.test_fraction is 0; data.test_fraction=0.2 holds some out"
            )
        # `load_digits` reads the same file, but needs an import of scikit-learn, SciPy and pandas, which takes longer
        # than the rest of a start after torch.
        rows = np.loadtxt(str(distribution("scikit-learn").locate_file(FILE)), delimiter=",")
        pixels = np.round(rows[:, :-1].reshape(-1, 8, 8) * 255 / 16).astype(np.uint8)
        return ArrayImages(pixels, rows[:, -1].astype(int), [Source("scikit-learn digits", len(pixels), 0)])
