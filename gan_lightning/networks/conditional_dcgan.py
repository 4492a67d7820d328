"""DCGAN with class labels: a generator that embeds the label, a projection discriminator and AC-GAN's discriminator."""

import torch
from torch import nn

from gan_lightning.networks.class_embedding import ClassEmbedding
from gan_lightning.networks.dcgan import DCGANGenerator, downsampling_layers
from gan_lightning.networks.initialisation import Init, dcgan as dcgan_init
from gan_lightning.networks.normalisation import Norm, initialise
from gan_lightning.networks.projection import Projection
from gan_lightning.types import Classes, DiscriminatorOutput, Images, Labels, Latents, Logits, PositiveInt


class ConditionalDCGANGenerator(DCGANGenerator):
    """DCGAN's generator by class: maps latents [B, latent_dim] and labels [B] to images in [-1, 1].

    A learned embedding of the label, which starts from N(0, 1) like the latents, is appended to the latents. Weights
    [B, num_classes] instead of labels mix the embeddings.
    Source: Mirza and Osindero 2014, arXiv:1411.1784.

    Examples:
        >>> generator = ConditionalDCGANGenerator(latent_dim=100, channels=1, image_size=32, num_classes=10, width=16)
        >>> generator(torch.randn(2, 100), torch.tensor([3, 7])).shape
        torch.Size([2, 1, 32, 32])

    Args:
        latent_dim: length of a latent vector.
        channels: channels of the images.
        image_size: side of the images in pixels: 4 * 2**n or 12 * 2**n.
        num_classes: number of classes.
        embedding_dim: length of a label's embedding.
        width: channels of the last hidden map.
        bias: whether the convolutions have biases.
        linear_stem: whether a Linear layer makes the 4x4 map, without normalisation and ReLU, instead of a convolution.
        end_kernel: kernel of the last layer; None for 4, or 5 where that layer triples the side.
        norm: normalisation after each hidden convolution; None for no normalisation.
        init: initialisation of each module but the embedding.

    Raises:
        ValueError: if the network cannot be built for this image_size or end_kernel.
    """

    inputs = ("latents", "labels")

    def __init__(
        self,
        latent_dim: PositiveInt,
        channels: PositiveInt,
        image_size: PositiveInt,
        num_classes: PositiveInt,
        embedding_dim: PositiveInt = 50,
        width: PositiveInt = 64,
        bias: bool = False,
        linear_stem: bool = False,
        end_kernel: PositiveInt | None = None,
        norm: Norm | None = nn.BatchNorm2d,
        init: Init = dcgan_init,
    ) -> None:
        joined_dim = latent_dim + embedding_dim
        super().__init__(joined_dim, channels, image_size, width, bias, linear_stem, end_kernel, norm, init)
        self.embedding = ClassEmbedding(num_classes, embedding_dim)

    def forward(self, latents: Latents, labels: Classes) -> Images:
        return self.net(torch.cat([latents, self.embedding(labels)], 1))


class ProjectionDCGANDiscriminator(nn.Module):
    """DCGAN's discriminator by class: maps images and labels [B] to logits [B, 1] by a projection on the label.

    The features are the whole 4x4 map, so that every class has a 4x4 convolution of its own, as DCGAN's discriminator
    has one. Source: Miyato and Koyama 2018, arXiv:1802.05637.

    Examples:
        >>> discriminator = ProjectionDCGANDiscriminator(channels=1, image_size=32, num_classes=10, width=16)
        >>> discriminator(torch.randn(2, 1, 32, 32), torch.tensor([3, 7])).shape
        torch.Size([2, 1])

    Args:
        channels: channels of the images.
        image_size: side of the images in pixels: 4 * 2**n or 12 * 2**n.
        num_classes: number of classes.
        width: channels of the first hidden map.
        bias: whether the convolutions have biases.
        end_kernel: kernel of the first layer; None for 4, or 5 where that layer divides the side by three.
        norm: normalisation after each hidden convolution but the first; None for no normalisation.
        init: initialisation of each module.
        spectral_norm: whether every weight matrix is divided by its largest singular value.

    Raises:
        ValueError: if the network cannot be built for this image_size or end_kernel.
    """

    inputs: tuple[str, ...] = ("images", "labels")
    memory_format = torch.channels_last

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
        layers, widest = downsampling_layers(channels, image_size, width, bias, end_kernel, norm)
        self.features = nn.Sequential(*layers, nn.Flatten())
        self.head = Projection(widest * 16, num_classes)
        initialise(self, init, spectral_norm)

    def forward(self, images: Images, labels: Labels) -> Logits:
        return self.head(self.features(images), labels)


class ACGANDiscriminator(nn.Module):
    """AC-GAN's discriminator on DCGAN's body: maps images to logits [B, 1] and class logits [B, num_classes].

    Two Linear heads, one for real or fake and one for the class, read the same 4x4 map of one pass; the network is not
    given the label. Source: Odena et al. 2017, arXiv:1610.09585, section 3.

    Examples:
        >>> discriminator = ACGANDiscriminator(channels=1, image_size=32, num_classes=10, width=16)
        >>> discriminator(torch.randn(2, 1, 32, 32)).class_logits.shape
        torch.Size([2, 10])

    Args:
        channels: channels of the images.
        image_size: side of the images in pixels: 4 * 2**n or 12 * 2**n.
        num_classes: number of classes.
        width: channels of the first hidden map.
        bias: whether the convolutions have biases; the heads always do.
        end_kernel: kernel of the first layer; None for 4, or 5 where that layer divides the side by three.
        norm: normalisation after each hidden convolution but the first; None for no normalisation.
        init: initialisation of each module.
        spectral_norm: whether every weight matrix, the heads included, is divided by its largest singular
            value.

    Raises:
        ValueError: if the network cannot be built for this image_size or end_kernel.
    """

    inputs: tuple[str, ...] = ("images",)
    memory_format = torch.channels_last
    outputs: tuple[str, ...] = ("logits", "class_logits")
    judges_each_image_alone = True

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
        layers, widest = downsampling_layers(channels, image_size, width, bias, end_kernel, norm)
        self.features = nn.Sequential(*layers, nn.Flatten())
        self.head = nn.Linear(widest * 16, 1)
        self.class_head = nn.Linear(widest * 16, num_classes)
        initialise(self, init, spectral_norm)

    def forward(self, images: Images) -> DiscriminatorOutput:
        features = self.features(images)
        return DiscriminatorOutput(logits=(self.head(features),), class_logits=self.class_head(features))
