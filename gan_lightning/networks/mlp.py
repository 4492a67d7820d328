"""Fully connected networks: the GAN of Goodfellow et al. 2014 (arXiv:1406.2661) in its usual tutorial form."""

from itertools import pairwise

from torch import nn

from gan_lightning.networks.normalisation import spectral
from gan_lightning.types import Images, Latents, Logits, NonNegativeFloat, PositiveInt


def _hidden(sizes: list[int], dropout: NonNegativeFloat) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), nn.LeakyReLU(0.2), nn.Dropout(dropout)]
    return layers


class MLPGenerator(nn.Module):
    """Latents [B, latent_dim] to images [B, channels, image_size, image_size] in [-1, 1].

    Args:
        latent_dim: Z.
        channels: of the image.
        image_size: any.
        width: units of the first of three hidden layers; each next one has twice as many.
        dropout: probability after each hidden layer.
    """

    def __init__(
        self,
        latent_dim: PositiveInt,
        channels: PositiveInt,
        image_size: PositiveInt,
        width: PositiveInt = 32,
        dropout: NonNegativeFloat = 0.3,
    ) -> None:
        super().__init__()
        hidden = _hidden([latent_dim, width, 2 * width, 4 * width], dropout)
        shape = (channels, image_size, image_size)
        image = [nn.Linear(4 * width, channels * image_size**2), nn.Tanh(), nn.Unflatten(1, shape)]
        self.net = nn.Sequential(*hidden, *image)

    def forward(self, latents: Latents) -> Images:
        return self.net(latents)


class MLPDiscriminator(nn.Module):
    """Images [B, channels, image_size, image_size] to logits [B, 1]; the generator's mirror.

    Args:
        channels: of the image.
        image_size: any.
        width: units of the last of three hidden layers.
        dropout: probability after each hidden layer.
        spectral_norm: of every weight matrix.
    """

    def __init__(
        self,
        channels: PositiveInt,
        image_size: PositiveInt,
        width: PositiveInt = 32,
        dropout: NonNegativeFloat = 0.3,
        spectral_norm: bool = False,
    ) -> None:
        super().__init__()
        hidden = _hidden([channels * image_size**2, 4 * width, 2 * width, width], dropout)
        self.net = nn.Sequential(nn.Flatten(), *hidden, nn.Linear(width, 1))
        if spectral_norm:
            spectral(self)

    def forward(self, images: Images) -> Logits:
        return self.net(images)
