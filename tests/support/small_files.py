"""Small files in the layouts of real data sets."""

import gzip

import numpy as np
from PIL import Image


def picture(seed, width=20, height=24, mode="RGB"):
    """A smooth random picture, which survives JPEG and resizing recognisably."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (4, 4, 3), dtype=np.uint8))
    return small.resize((width, height), Image.Resampling.BICUBIC).convert(mode)


def write_idx(file, array):
    """An array of bytes as an IDX file, packed where the name says so."""
    header = bytes([0, 0, 8, array.ndim]) + b"".join(int(n).to_bytes(4, "big") for n in array.shape)
    content = header + array.astype(np.uint8).tobytes()
    file.write_bytes(gzip.compress(content) if file.suffix == ".gz" else content)


def photographs(root, count=60):
    """JPEG files that are all different."""
    root.mkdir(exist_ok=True)
    for number in range(count):
        picture(number, 40, 40).save(root / f"{number:02}.jpg", quality=95)
    return root
