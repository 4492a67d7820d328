"""Eight Gaussians on a ring: the smallest data that shows whether a GAN loses modes."""

from collections.abc import Sequence
from math import pi
from typing import ClassVar

import torch
from jaxtyping import Float
from lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from gan_lightning import randomness
from gan_lightning.types import Batch, Images, NonNegativeFloat, NonNegativeInt, PositiveInt, Unlabelled

MODES = 8


class Ring(LightningDataModule):
    """Batches of points as images [B, 2, 1, 1], with new points in each iteration.

    A batch is a function of the seed and the trainer's iteration, so a resumed run sees what it would have seen.

    Args:
        image_size: 1, because an image is one point.
        channels: 2, the coordinates.
        batch_size: rows of the global batch, which the processes divide among them.
        num_batches: number of batches in an epoch.
        radius: the ring's radius.
        sigma: standard deviation of each Gaussian in each coordinate.
        seed: the seed of the points.

    Raises:
        ValueError: if image_size is not 1 or channels is not 2.
    """

    batch_type: ClassVar[type[Batch]] = Unlabelled

    def __init__(
        self,
        image_size: PositiveInt = 1,
        channels: PositiveInt = 2,
        batch_size: PositiveInt = 256,
        num_batches: PositiveInt = 500,
        radius: NonNegativeFloat = 0.7,
        sigma: NonNegativeFloat = 0.05,
        seed: NonNegativeInt = 0,
    ) -> None:
        super().__init__()
        if (image_size, channels) != (1, 2):
            raise ValueError(
                f"data.image_size must be 1 and data.channels 2 for points; got {image_size} and {channels}"
            )
        self.batch_size, self.num_batches, self.seed = batch_size, num_batches, seed
        self.radius, self.sigma = radius, sigma

    def train_dataloader(self) -> DataLoader:
        world = self.trainer.world_size if self.trainer else 1
        if self.batch_size % world:
            raise ValueError(f"data.batch_size must be a multiple of the {world} processes; got {self.batch_size}")
        rows = torch.full((self.num_batches,), self.batch_size // world)
        return DataLoader(TensorDataset(rows), batch_size=None)

    def on_after_batch_transfer(self, batch: Sequence[Tensor], dataloader_idx: int) -> Unlabelled:
        (rows,) = batch
        iteration = self.trainer.global_step if self.trainer else 0
        stream = torch.Generator().manual_seed(randomness.derive(self.seed, "ring", iteration))
        images = randomness.own_rows(self.draw(int(rows) * randomness.rank_and_world_size()[1], stream))
        dtype = self.trainer.lightning_module.dtype if self.trainer else torch.float32
        return Unlabelled(images.to(rows.device).to(dtype))

    def draw(self, count: PositiveInt, stream: torch.Generator) -> Images:
        """Draw points of the whole ring [count, 2, 1, 1], each Gaussian as likely as any other."""
        modes = torch.randint(MODES, (count,), generator=stream)
        points = self.centres()[modes] + self.sigma * torch.randn(count, 2, generator=stream)
        return points[..., None, None]

    def centres(self) -> Float[Tensor, "8 2"]:
        """Return the coordinates of the Gaussians' means."""
        angles = torch.arange(MODES) * 2 * pi / MODES
        return self.radius * torch.stack([angles.cos(), angles.sin()], 1)

    def near(self, images: Images) -> Float[Tensor, "8"]:
        """Return the share of points within three sigma of each Gaussian; 1 % counts as covering it."""
        distances = torch.cdist(images.detach().cpu().float().flatten(1), self.centres())
        return (distances <= 3 * self.sigma).float().mean(0)
