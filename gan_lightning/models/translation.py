"""What translations of images into images share, whatever they learn from."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from gan_lightning import randomness
from gan_lightning.data.module import StoredDataModule
from gan_lightning.data.transforms import in_range
from gan_lightning.models.adversarial import AdversarialModule
from gan_lightning.models.directions import source
from gan_lightning.models.true_split import true_split
from gan_lightning.networks.sampling import seeded
from gan_lightning.types import Images, ImageSet, Pair

Direction = Literal["xy", "yx"]


class TranslationModule(AdversarialModule):
    """Makes images of one domain from those of another.

    Args:
        game: everything `AdversarialModule` takes.

    Raises:
        ValueError: for a generator that is fed noise.
    """

    directions: ClassVar[tuple[Direction, ...]]
    """Which ways it can go."""

    def __init__(self, **game: Any) -> None:
        super().__init__(**game)
        for network in (self.way(self.generator, direction) for direction in self.directions):
            if not hasattr(network, "multiple"):
                raise ValueError(
                    f"{type(self).__name__} needs a network that turns images into images, which "
                    f"{type(network).__name__} is not; choose network=cyclegan, cyclegan_strided or unet"
                )

    def multiple(self, direction: Direction) -> int:
        """What the sides of images must be multiples of."""
        network: Any = self.way(self.generator, direction)
        return network.multiple

    def translate(self, images: Images, names: Sequence[str], direction: Direction = "xy") -> Images:
        """Images of the other domain, in sampling mode, by the moving average where there is one.

        Args:
            images: [B, C, H, W] in [-1, 1]; sides must be multiples of the network's `multiple`.
            names: of the images; an image's noise, where the network has any, depends on its name and the seed alone.
            direction: `xy` or, where the model goes both ways, `yx`.
        """
        with self.sampling() as generator:
            network = self.way(generator, direction)
            with seeded(network, [randomness.derive(self.seed, "dropout", name) for name in names]):
                return network(images)

    def fixed_inputs(self, count: int, nrow: int = 8) -> tuple[Tensor, ...]:
        """Images of x and y, evenly spaced in the test split, for about `count` images in all.

        Raises:
            ValueError: for a data module from elsewhere, which has no such images.
        """
        data = self.trainer.datamodule  # type: ignore[attr-defined]
        if not isinstance(data, StoredDataModule):
            raise ValueError(
                f"callbacks.samples needs images of a data module of this package; got {type(data).__name__}: take "
                "callbacks.samples=null"
            )
        dtype: Any = self.dtype
        pair = data.spread(max(1, count // self.together), self.device, dtype)
        assert isinstance(pair, Pair)
        return pair.x, pair.y

    def scored_inputs(self, rows: range, seed: int, data: Any, direction: str = "xy") -> tuple[Tensor, ...]:
        """Images of the domain that the direction starts from; after the last comes the first again."""
        images = self._sources(data, direction)
        pixels = torch.from_numpy(images.rows([row % len(images) for row in rows]))
        dtype: Any = self.dtype
        return (in_range(pixels.to(self.device), dtype),)

    def scored_count(self, data: Any, direction: str = "xy") -> int | None:
        return len(self._sources(data, direction))

    def scored_source(self, data: Any, direction: str = "xy") -> str:
        """Split and fingerprint."""
        split = true_split(data, data.evaluation_split(), source(direction))
        return f"{split} {self._sources(data, direction).fingerprint}"

    @staticmethod
    def _sources(data: StoredDataModule, direction: str) -> ImageSet:
        return data.evaluation_images(data.evaluation_split())[source(direction)]

    def from_grid(self, images: Images, direction: Direction) -> Images:
        """The translations of a grid's images."""
        return self.translate(images, [f"row {row}" for row in range(len(images))], direction)


def in_rows(*columns: Images) -> Images:
    """Images [B, ...] of each column as the rows of a grid: the first of all columns, then the second ..."""
    return torch.stack(columns, dim=1).flatten(0, 1)
