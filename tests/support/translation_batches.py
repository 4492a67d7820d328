"""Pairs of random images, and narrow models that translate them."""

import torch

from gan_lightning.types import Aligned

WIDTH, SIZE, ROWS, ITERATIONS, POOL = 2, 32, 2, 10, 3
SMALL = [
    f"data.image_size={SIZE}", f"data.batch_size={ROWS}", f"model.generator.width={WIDTH}",
    f"model.discriminator.width={WIDTH}",
]  # fmt: skip


def pairs(count=ITERATIONS, rows=ROWS, size=SIZE):
    torch.manual_seed(0)
    images = [torch.rand(2, rows, 3, size, size).double() * 2 - 1 for _ in range(count)]
    return [Aligned(x, y) for x, y in images]
