"""What models share that translate images of one domain into another: their inputs, and the columns of their grids."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from gan_lightning.data.module import StoredDataModule
from gan_lightning.data.transforms import in_range
from gan_lightning.models.inputs import Data, GeneratorInputs, refuse_labels
from gan_lightning.types import Batch, Images, ImageSet, Pair


def source_domain(direction: str) -> int:
    """Return the number of the domain that is translated, 0 for x and 1 for y; 0 for models without directions."""
    return "xy".index(direction[0]) if direction else 0


def target_domain(direction: str) -> int:
    """Return the number of the domain that a direction's images belong to; 0 for models without directions."""
    return "xy".index(direction[1]) if direction else 0


class SourceImages(GeneratorInputs):
    """Images of the domain that a direction starts from; numbered ones are from the evaluation split, in turn."""

    kind = ("images",)

    def for_batch(self, batch: Batch, direction: str, device: torch.device) -> tuple[Tensor, ...]:
        return (batch[source_domain(direction)],)

    def by_number(
        self, numbers: Sequence[int], seed: int, data: Data, direction: str, labels: Sequence[int] | None = None
    ) -> tuple[Tensor, ...]:
        refuse_labels(labels)
        return (numbered_images(data, source_domain(direction), numbers),)

    def grid_numbers(self, count: int, nrow: int, data: Data) -> list[int]:
        """Return the numbers of images that are evenly spaced in the smallest domain."""
        available = min(map(len, _evaluation_images(data)))
        count = min(max(1, count), available)
        return [row * available // count for row in range(count)]

    def real_grid(self, batch: Pair) -> Images:
        return in_columns(batch.x, batch.y)

    def count(self, data: Data, direction: str) -> int | None:
        return len(_evaluation_images(data)[source_domain(direction)])

    def description(self, data: Data, direction: str) -> str:
        """Return the split and the fingerprint of the source images."""
        domain = source_domain(direction)
        fingerprint = _evaluation_images(data)[domain].fingerprint
        assert isinstance(data, StoredDataModule)
        return f"{data.true_split(data.evaluation_split(), domain)} {fingerprint}"


def numbered_images(data: Data, domain: int, numbers: Sequence[int]) -> Images:
    """Return images of a domain's evaluation split in [-1, 1]; the image after the last is the first again."""
    images = _evaluation_images(data)[domain]
    pixels = torch.from_numpy(images.rows([number % len(images) for number in numbers]))
    return in_range(pixels, torch.float32)


def in_columns(*columns: Images) -> Float[Tensor, "_ C H W"]:
    """Return images [B, ...] of each column in the order of a grid: the first of all columns, then the second ..."""
    return torch.stack(columns, dim=1).flatten(0, 1)


def _evaluation_images(data: Data) -> list[ImageSet]:
    if not isinstance(data, StoredDataModule):
        raise ValueError(
            f"data must be a data module of this package, which has images to translate; got {type(data).__name__}; "
            "callbacks.samples=null trains without grids"
        )
    return data.evaluation_images(data.evaluation_split())
