"""The GAN by class: both players are given the labels of the batch."""

from collections.abc import Iterator
from typing import Any, ClassVar

import torch
from torch import Tensor

from gan_lightning.models.gan import GAN
from gan_lightning.types import Count, Critic, Images, Labelled, Labels, Logits, Terms


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

    def __init__(self, num_classes: Count, **gan: Any) -> None:
        super().__init__(**gan)
        self.num_classes = num_classes

    def inputs(self, batch: Labelled) -> tuple[Tensor, ...]:
        return (*super().inputs(batch), batch.labels)

    def fixed_inputs(self, count: int, nrow: int = 8) -> tuple[Tensor, ...]:
        """Latents and labels for `nrow` images of each class, whatever `count`."""
        labels = torch.arange(self.num_classes, device=self.device).repeat_interleave(nrow)
        return (*super().fixed_inputs(len(labels)), labels)

    def discriminator_terms(self, batch: Labelled, fake: Images) -> Terms:
        return self.judge(self._critic(batch.labels), batch.images, fake)

    def generator_terms(self, batch: Labelled, fake: Images) -> Iterator[Terms]:
        yield self.fool(self._critic(batch.labels), batch.images, fake)

    def _critic(self, labels: Labels) -> Critic:
        def critic(images: Images) -> Logits:
            return self.discriminator(images, labels)

        return critic
