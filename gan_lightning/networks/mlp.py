"""Fully connected networks: the GAN of Goodfellow et al. 2014 (arXiv:1406.2661) as tutorials usually write it."""

from itertools import pairwise

from torch import nn

from gan_lightning.networks.normalisation import add_spectral_norm
from gan_lightning.types import Images, Latents, Logits, NonNegativeFloat, PositiveInt


def hidden_layers(sizes: list[int], dropout: NonNegativeFloat) -> list[nn.Module]:
    """Return Linear layers between the given numbers of units, each followed by LeakyReLU and dropout."""
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), nn.LeakyReLU(0.2), nn.Dropout(dropout)]
    return layers


class MLPGenerator(nn.Module):
    """Fully connected generator: maps latents [B, Z] to images [B, channels, image_size, image_size] in [-1, 1].

    Examples:
        >>> import torch
        >>> MLPGenerator(latent_dim=64, channels=1, image_size=28)(torch.randn(2, 64)).shape
        torch.Size([2, 1, 28, 28])

    Args:
        latent_dim: length Z of a latent vector.
        channels: channels of the images.
        image_size: side of the images in pixels; any.
        width: units of the first of three hidden layers; each next one has twice as many.
        dropout: probability in [0, 1] that a hidden unit is set to 0 in train mode.
    """

    inputs: tuple[str, ...] = ("latents",)

    def __init__(
        self,
        latent_dim: PositiveInt,
        channels: PositiveInt,
        image_size: PositiveInt,
        width: PositiveInt = 32,
        dropout: NonNegativeFloat = 0.3,
    ) -> None:
        super().__init__()
        hidden = hidden_layers([latent_dim, width, 2 * width, 4 * width], dropout)
        shape = (channels, image_size, image_size)
        image = [nn.Linear(4 * width, channels * image_size**2), nn.Tanh(), nn.Unflatten(1, shape)]
        self.net = nn.Sequential(*hidden, *image)

    def forward(self, latents: Latents) -> Images:
        return self.net(latents)


class MLPDiscriminator(nn.Module):
    """Fully connected discriminator: maps images [B, channels, image_size, image_size] to logits [B, 1].

    Examples:
        >>> import torch
        >>> MLPDiscriminator(channels=1, image_size=28)(torch.randn(2, 1, 28, 28)).shape
        torch.Size([2, 1])

    Args:
        channels: channels of the images.
        image_size: side of the images in pixels; any.
        width: units of the last of three hidden layers; each earlier one has twice as many as the next.
        dropout: probability in [0, 1] that a hidden unit is set to 0 in train mode.
        spectral_norm: whether every weight matrix is divided by its largest singular value.
    """

    inputs: tuple[str, ...] = ("images",)
    judges_each_image_alone = True

    def __init__(
        self,
        channels: PositiveInt,
        image_size: PositiveInt,
        width: PositiveInt = 32,
        dropout: NonNegativeFloat = 0.3,
        spectral_norm: bool = False,
    ) -> None:
        super().__init__()
        hidden = hidden_layers([channels * image_size**2, 4 * width, 2 * width, width], dropout)
        self.net = nn.Sequential(nn.Flatten(), *hidden, nn.Linear(width, 1))
        if spectral_norm:
            add_spectral_norm(self)

    def forward(self, images: Images) -> Logits:
        return self.net(images)
