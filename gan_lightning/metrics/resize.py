"""The resizing of clean-fid (Parmar et al. 2022, arXiv:2104.11222)."""

from typing import Literal

from jaxtyping import Float32
from torch import Tensor
from torch.nn import functional as F

from gan_lightning.metrics.levels import Levels

Resize = Literal["legacy", "clean"]
"""`legacy` is TensorFlow 1's bilinear one without antialiasing, which published scores mostly use; or `clean`."""
SIDE = 299
"""Of Inception's input."""


def clean(levels: Levels) -> Float32[Tensor, "B 3 299 299"]:
    """Antialiased bicubic interpolation of each channel as floats, cut to [0, 255] and not rounded.

    It is Pillow's filter: the two differ by less than a hundredth of a level.
    """
    return F.interpolate(levels.float(), (SIDE, SIDE), mode="bicubic", antialias=True).clamp(0, 255)
