"""The unconditional GAN; MLP GAN, DCGAN, LSGAN and their relatives differ by configuration alone."""

from typing import Unpack

from torch import nn

from gan_lightning import randomness
from gan_lightning.models.game import AdversarialGame
from gan_lightning.models.inputs import LatentInputs
from gan_lightning.models.players import GameOptions, two_players
from gan_lightning.types import Labelled, PositiveInt, Unlabelled


class GAN(AdversarialGame):
    """G makes images from noise alone, D judges images alone; labels in a batch are ignored.

    Source: Goodfellow et al. 2014, arXiv:1406.2661.

    Args:
        generator: latents [B, latent_dim] to images in [-1, 1].
        discriminator: images to logits.
        latent_dim: Z.
        latent: draws latents; by default standard normal.
        options: what every game takes, see `GameOptions`.

    Raises:
        ValueError: if a network takes something else, such as labels.

    Examples:
        >>> from functools import partial
        >>> import torch
        >>> from gan_lightning.losses.adversarial import NonSaturating
        >>> from gan_lightning.networks.dcgan import DCGANDiscriminator, DCGANGenerator
        >>> adam = partial(torch.optim.Adam, lr=2e-4, betas=(0.5, 0.999))
        >>> model = GAN(
        ...     DCGANGenerator(100, channels=1, image_size=32, width=8),
        ...     DCGANDiscriminator(channels=1, image_size=32, width=8),
        ...     latent_dim=100,
        ...     loss=NonSaturating(),
        ...     generator_optimizer=adam,
        ...     discriminator_optimizer=adam,
        ... )
        >>> model.sample([0, 1, 2, 3], seed=0).shape
        torch.Size([4, 1, 32, 32])
    """

    batch_types = (Unlabelled, Labelled)

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        latent_dim: PositiveInt,
        latent: randomness.Distribution = randomness.normal,
        **options: Unpack[GameOptions],
    ) -> None:
        super().__init__(LatentInputs(latent_dim, latent), two_players(generator, discriminator, options), options)
