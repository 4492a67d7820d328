"""The GAN by class: both players are given the labels of the batch."""

from typing import Unpack

from torch import nn

from gan_lightning import randomness
from gan_lightning.models.game import AdversarialGame
from gan_lightning.models.inputs import LabelledLatentInputs
from gan_lightning.models.players import GameOptions, two_players
from gan_lightning.types import Discriminator, Labelled, PositiveInt


class CGAN(AdversarialGame):
    """G makes images of given classes, D judges images as members of theirs (Mirza and Osindero 2014, arXiv:1411.1784).

    A fake has the label of the real image in its row. A grid has one class in each row.

    Args:
        generator: latents and labels [B] to images in [-1, 1].
        discriminator: images and labels to logits.
        latent_dim: Z.
        num_classes: how many classes there are.
        latent: draws latents; by default standard normal.
        options: what every game takes, see `GameOptions`.

    Raises:
        ValueError: if a network takes no labels.
    """

    batch_types = (Labelled,)
    discriminator_inputs = ("images", "labels")

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        latent_dim: PositiveInt,
        num_classes: PositiveInt,
        latent: randomness.Distribution = randomness.normal,
        **options: Unpack[GameOptions],
    ) -> None:
        players = two_players(generator, discriminator, options)
        super().__init__(LabelledLatentInputs(latent_dim, num_classes, latent), players, options)

    def critic(self, batch: Labelled, direction: str = "") -> Discriminator:
        return lambda images: self.discriminator(images, batch.labels)
