"""The GAN by class: both players are given the labels of the batch."""

from typing import Any, ClassVar

import torch
from torch import Tensor

from gan_lightning.models.gan import GAN
from gan_lightning.types import Critic, Images, Labelled, Logits, PositiveInt


class CGAN(GAN):
    """G makes images of given classes, D judges images as of theirs (Mirza and Osindero 2014, arXiv:1411.1784).

    A fake has the label of the real image in its row. A grid has one class in each row.

    Args:
        num_classes: how many classes there are.
        gan: everything `GAN` takes; both networks take labels.

    Raises:
        ValueError: for a network that takes none.
    """

    labelled: ClassVar[bool] = True

    def __init__(self, num_classes: PositiveInt, **gan: Any) -> None:
        super().__init__(**gan)
        self.num_classes = num_classes

    def inputs(self, batch: Labelled) -> tuple[Tensor, ...]:
        return (*super().inputs(batch), batch.labels)

    def fixed_inputs(self, count: int, nrow: int = 8) -> tuple[Tensor, ...]:
        """Latents and labels for `nrow` images of each class, whatever `count`."""
        labels = torch.arange(self.num_classes, device=self.device).repeat_interleave(nrow)
        return (*super().fixed_inputs(len(labels)), labels)

    def scored_inputs(self, rows: range, seed: int, data: Any, direction: str = "") -> tuple[Tensor, ...]:
        """Latents and labels, the classes in turn."""
        labels = torch.arange(rows.start, rows.stop, device=self.device) % self.num_classes
        return (*super().scored_inputs(rows, seed, data, direction), labels)

    def scored_source(self, data: Any, direction: str = "") -> str:
        return "classes in turn"

    def generate(self, batch: Labelled, field: str) -> Images:
        return super().generate(batch, field)

    def critic(self, batch: Labelled) -> Critic:
        def critic(images: Images) -> Logits:
            return self.discriminator(images, batch.labels)

        return critic
