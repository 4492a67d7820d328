"""DCGAN by class: G is given an embedding of the label beside its noise, D projects on one."""

from typing import Any

import torch
from torch import nn

from gan_lightning.networks.dcgan import DCGANGenerator, halvings
from gan_lightning.networks.initialisation import Init
from gan_lightning.networks.initialisation import dcgan as dcgan_init
from gan_lightning.networks.normalisation import Norm, spectral
from gan_lightning.networks.projection import Projection
from gan_lightning.types import Images, Labels, Latents, Logits, PositiveInt


class ConditionalDCGANGenerator(DCGANGenerator):
    """Latents [B, latent_dim] and labels [B] to images in [-1, 1] (Mirza and Osindero 2014, arXiv:1411.1784).

    The label's embedding, learned and at first N(0, 1) like the noise, is appended to the latents.

    Args:
        latent_dim: Z.
        num_classes: how many classes there are.
        embedding_dim: length of a class's embedding.
        dcgan: everything else that `DCGANGenerator` takes.

    Raises:
        ValueError: see `scales`.
    """

    def __init__(
        self, latent_dim: PositiveInt, num_classes: PositiveInt, embedding_dim: PositiveInt = 50, **dcgan: Any
    ) -> None:
        super().__init__(latent_dim + embedding_dim, **dcgan)
        self.num_classes = num_classes
        self.embedding = nn.Embedding(num_classes, embedding_dim)

    def forward(self, latents: Latents, labels: Labels) -> Images:
        return self.net(torch.cat([latents, self.embedding(labels)], 1))


class ProjectionDCGANDiscriminator(nn.Module):
    """Images and labels [B] to logits [B, 1] (Miyato and Koyama 2018, arXiv:1802.05637).

    The features are the whole 4x4 map, so that every class has a 4x4 convolution of its own, as DCGAN's D has one.

    Args:
        channels: of the image.
        image_size: 4 * 2**n or 12 * 2**n.
        num_classes: how many classes there are.
        width: channels of the first hidden map.
        bias: of the convolutions.
        end_kernel: kernel of the first layer.
        norm: normalisation after each hidden convolution but the first; None for none.
        init: applied to each module.
        spectral_norm: of every weight matrix.

    Raises:
        ValueError: see `scales`.
    """

    def __init__(
        self,
        channels: PositiveInt,
        image_size: PositiveInt,
        num_classes: PositiveInt,
        width: PositiveInt = 64,
        bias: bool = False,
        end_kernel: PositiveInt | None = None,
        norm: Norm | None = nn.BatchNorm2d,
        init: Init = dcgan_init,
        spectral_norm: bool = False,
    ) -> None:
        super().__init__()
        layers, widest = halvings(channels, image_size, width, bias, end_kernel, norm)
        self.num_classes = num_classes
        self.features = nn.Sequential(*layers, nn.Flatten())
        self.head = Projection(widest * 16, num_classes)
        self.apply(init)
        if spectral_norm:
            spectral(self)

    def forward(self, images: Images, labels: Labels) -> Logits:
        return self.head(self.features(images), labels)
