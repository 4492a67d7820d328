"""scikit-learn's embedded digits."""

import numpy as np
from sklearn.datasets import load_digits

from gan_lightning.data.module import ImageDataModule
from gan_lightning.data.pictures import ArrayPictures, Source
from gan_lightning.data.stored import Split


class Digits(ImageDataModule):
    """1,797 handwritten digits, 8x8 with 17 gray levels (Alpaydin and Kaynak 1998, UCI); nothing to download.

    There is no official test split: both are all digits.
    """

    def pictures(self, split: Split) -> ArrayPictures:
        digits = load_digits()
        pixels = np.round(digits.images * 255 / 16).astype(np.uint8)
        return ArrayPictures(pixels, digits.target, [Source("scikit-learn digits", len(pixels), 0)])
