"""A memory of earlier fakes."""

import torch

from gan_lightning import randomness
from gan_lightning.types import Images, NonNegativeInt


class ImagePool:
    """Gives D a history of fakes, which keeps the game from swinging (Shrivastava et al. 2017, arXiv:1612.07828).

    Until the pool is full it keeps each image and gives it back. Then each image is, by the toss of a coin, given back
    or exchanged for one from the pool. The pool is one for all processes: they put in the global batch's images, make
    the same choices, and take back their own rows.

    Args:
        size: how many images it holds; 50 in CycleGAN (Zhu et al. 2017, section 4), 0 for none.
    """

    def __init__(self, size: NonNegativeInt) -> None:
        self.size = size
        self.images: list[Images] = []

    def exchange(self, fakes: Images) -> Images:
        """Put fakes in, take as many out.

        Args:
            fakes: [B, C, H, W] of this process, without a graph.
        """
        if not self.size:
            return fakes
        everyones = randomness.all_gather(fakes)
        stream = randomness.shared(torch.device("cpu"))
        coins, places = torch.rand(2, len(everyones), generator=stream).tolist()
        given = [
            self._one(image[None], coin < 0.5, int(place * self.size))
            for image, coin, place in zip(everyones, coins, places, strict=True)
        ]
        return randomness.own_rows(torch.cat(given))

    def _one(self, image: Images, keeps: bool, place: int) -> Images:
        if len(self.images) < self.size:
            self.images.append(image.clone())
            return image
        if not keeps:
            return image
        old, self.images[place] = self.images[place].to(image), image.clone()
        return old
