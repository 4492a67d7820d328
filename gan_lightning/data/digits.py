"""scikit-learn's embedded digits."""

from importlib.metadata import distribution

import numpy as np

from gan_lightning.data.images import ArrayImages, Source
from gan_lightning.data.module import Split
from gan_lightning.data.one_domain import ImageDataModule

FILE = "sklearn/datasets/data/digits.csv.gz"


class Digits(ImageDataModule):
    """1,797 handwritten digits, 8x8 with 17 gray levels (Alpaydin and Kaynak 1998, UCI), which scikit-learn contains.

    There is no official test split, so both splits have all digits.
    """

    def images(self, split: Split) -> ArrayImages:
        # `load_digits` reads the same file, but needs an import of scikit-learn, SciPy and pandas, which takes longer
        # than the rest of a start after torch.
        rows = np.loadtxt(str(distribution("scikit-learn").locate_file(FILE)), delimiter=",")
        pixels = np.round(rows[:, :-1].reshape(-1, 8, 8) * 255 / 16).astype(np.uint8)
        return ArrayImages(pixels, rows[:, -1].astype(int), [Source("scikit-learn digits", len(pixels), 0)])
