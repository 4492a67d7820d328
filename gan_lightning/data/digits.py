"""scikit-learn's embedded digits."""

import numpy as np
from sklearn.datasets import load_digits

from gan_lightning.data.images import ArrayImages, Source
from gan_lightning.data.module import Split
from gan_lightning.data.one_domain import ImageDataModule


class Digits(ImageDataModule):
    """1,797 handwritten digits, 8x8 with 17 gray levels (Alpaydin and Kaynak 1998, UCI), which scikit-learn contains.

    There is no official test split, so both splits have all digits.
    """

    def images(self, split: Split) -> ArrayImages:
        digits = load_digits()
        pixels = np.round(digits.images * 255 / 16).astype(np.uint8)
        return ArrayImages(pixels, digits.target, [Source("scikit-learn digits", len(pixels), 0)])
