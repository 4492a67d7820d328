"""A memory of earlier fakes."""

import torch

from gan_lightning import randomness
from gan_lightning.types import Images, NonNegativeInt


class ImagePool:
    """Shows D a history of fakes, which keeps the game from oscillating (Shrivastava et al. 2017, arXiv:1612.07828).

    Until the pool is full, it keeps each image and returns it. Then each image is, with equal probability, returned
    or exchanged for one from the pool. All processes share one pool: they put in the global batch's images, make
    the same choices, and take back their own rows.

    Args:
        size: how many images it holds; 50 in CycleGAN (Zhu et al. 2017, section 4), 0 for none.
    """

    def __init__(self, size: NonNegativeInt) -> None:
        self.size = size
        self.images: list[Images] = []

    def exchange(self, fakes: Images) -> Images:
        """Put fakes in and take as many out.

        Args:
            fakes: [B, C, H, W] of this process, without a graph.
        """
        if not self.size:
            return fakes
        global_batch = randomness.all_gather(fakes)
        stream = randomness.shared(torch.device("cpu"))
        coins, slots = torch.rand(2, len(global_batch), generator=stream).tolist()
        given = [
            self._exchange_one(image[None], coin < 0.5, int(slot * self.size))
            for image, coin, slot in zip(global_batch, coins, slots, strict=True)
        ]
        return randomness.own_rows(torch.cat(given))

    def _exchange_one(self, image: Images, exchanges: bool, slot: int) -> Images:
        if len(self.images) < self.size:
            self.images.append(image.clone())
            return image
        if not exchanges:
            return image
        old, self.images[slot] = self.images[slot].to(image), image.clone()
        return old
