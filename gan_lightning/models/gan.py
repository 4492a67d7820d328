"""The unconditional GAN; MLP GAN, DCGAN, LSGAN and their kin differ by configuration alone."""

from collections.abc import Iterator
from typing import Any, ClassVar

import torch
from torch import Tensor

from gan_lightning import randomness
from gan_lightning.models.adversarial import AdversarialModule
from gan_lightning.models.fakes import Fakes
from gan_lightning.types import Critic, Images, Labelled, PositiveInt, Terms, Unlabelled

BLOCK = 256
"""Latents to be scored are drawn by so many, so that an image does not hang on how many there are."""


class GAN(AdversarialModule):
    """G makes images from noise alone, D judges images alone; labels in a batch are left aside.

    Args:
        latent_dim: Z.
        latent: draws latents; by default standard normal.
        game: everything `AdversarialModule` takes.

    Raises:
        ValueError: for a network that needs labels.
    """

    fields = ("images",)
    labelled: ClassVar[bool] = False

    def __init__(
        self, latent_dim: PositiveInt, latent: randomness.Distribution = randomness.normal, **game: Any
    ) -> None:
        super().__init__(**game)
        if hasattr(self.generator, "multiple"):
            raise ValueError(
                f"{type(self).__name__} makes images from noise, and {type(self.generator).__name__} from images; "
                "choose model=pix2pix or model=cyclegan, or another network"
            )
        for network in (self.generator, self.discriminator):
            if (getattr(network, "num_classes", None) is not None) != self.labelled:
                takes, other = ("no labels", "model=cgan") if not self.labelled else ("labels", "another model")
                raise ValueError(
                    f"{type(self).__name__} gives its networks {takes}, which does not suit {type(network).__name__}; "
                    f"choose {other} or another network"
                )
        self.latent_dim = latent_dim
        self.latent = latent

    def inputs(self, batch: Unlabelled | Labelled) -> tuple[Tensor, ...]:
        """What G is fed for this batch."""
        stream = randomness.shared(self.device)
        rows = randomness.of_global_batch(lambda n: self.latent(n, self.latent_dim, stream), len(batch.images))
        return (rows.to(self.dtype),)

    def fixed_inputs(self, count: int, nrow: int = 8) -> tuple[Tensor, ...]:
        stream = torch.Generator().manual_seed(randomness.derive(self.seed, "fixed"))
        return (self.latent(count, self.latent_dim, stream).to(self.device).to(self.dtype),)

    def scored_inputs(self, rows: range, seed: int, data: Any, direction: str = "") -> tuple[Tensor, ...]:
        first = rows.start // BLOCK
        blocks = [self._block(seed, number) for number in range(first, (rows.stop - 1) // BLOCK + 1)]
        latents = torch.cat(blocks)[rows.start - first * BLOCK : rows.stop - first * BLOCK]
        return (latents.to(self.device).to(self.dtype),)

    def _block(self, seed: int, number: int) -> Tensor:
        stream = torch.Generator().manual_seed(randomness.derive(seed, "scores", number))
        return self.latent(BLOCK, self.latent_dim, stream)

    def sample(self, *inputs: Tensor) -> Images:
        """Images in [-1, 1] by G's moving average where there is one, in eval mode; training is not disturbed."""
        with self.sampling() as generator:
            return generator(*inputs)

    def grid(self, *inputs: Tensor) -> Images:
        return self.sample(*inputs)

    def generate(self, batch: Unlabelled | Labelled, field: str) -> Images:
        return self.generator(*self.inputs(batch))

    def discriminator_terms(self, batch: Unlabelled | Labelled, fake: Fakes) -> Iterator[Terms]:
        yield self.judge(self.critic(batch), batch.images, fake["images"])

    def generator_terms(self, batch: Unlabelled | Labelled, fake: Fakes) -> Iterator[Terms]:
        yield self.fool(self.critic(batch), batch.images, fake["images"])

    def critic(self, batch: Unlabelled | Labelled) -> Critic:
        """D with what it is told of a batch beside the images."""
        return self.discriminator
