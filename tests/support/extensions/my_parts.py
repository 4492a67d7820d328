"""What a researcher might add from outside of the package: each part is one class here and one YAML file in conf/."""

from typing import Unpack

import numpy as np
import torch
from torch import nn

from gan_lightning.data.images import ArrayImages, Source
from gan_lightning.data.one_domain import ImageDataModule
from gan_lightning.losses.adversarial import AdversarialLoss
from gan_lightning.losses.augment import Augmentation
from gan_lightning.losses.penalty import GeneratorPenalty, Penalty
from gan_lightning.metrics.metric import Metric, Score
from gan_lightning.models.game import AdversarialGame
from gan_lightning.models.inputs import LatentInputs
from gan_lightning.models.players import GameOptions, Player, two_players
from gan_lightning.networks.sampling import SamplingDropout
from gan_lightning.types import Labelled, Unlabelled


class Encoder(nn.Sequential):
    """Maps images back to latents [B, latent_dim]."""

    def __init__(self, channels, image_size, latent_dim):
        super().__init__(nn.Flatten(), nn.Linear(channels * image_size**2, latent_dim))


class EncoderGAN(AdversarialGame):
    """A GAN with a third player, which learns to find the latents of the generator's images."""

    batch_types = (Unlabelled, Labelled)

    def __init__(
        self, generator, discriminator, encoder, encoder_optimizer, latent_dim, latent, **options: Unpack[GameOptions]
    ):
        players = two_players(generator, discriminator, options) | {"encoder": Player(encoder, encoder_optimizer)}
        super().__init__(LatentInputs(latent_dim, latent), players, options)

    def encoder_terms(self, batch, fakes):
        (latents,) = self.inputs(batch)
        yield {"latents": (self.encoder(self.generator(latents)) - latents).square().mean()}


class Orthogonal(GeneratorPenalty):
    """Keeps the rows of the generator's matrices orthogonal, and counts how often it is asked."""

    def __init__(self, weight=0.1, every_n_iterations=1):
        super().__init__(weight, every_n_iterations)
        self.register_buffer("calls", torch.zeros((), dtype=torch.long))

    def forward(self, generator, inputs):
        self.calls += 1
        matrices = [weight.flatten(1) for weight in generator.parameters() if weight.ndim > 1]
        grams = [matrix @ matrix.T for matrix in matrices]
        return self.weight * torch.stack([(gram - gram.diag().diag()).square().mean() for gram in grams]).sum()


class AdaptiveFading(Augmentation):
    """Fades images the more, the surer D is of real ones; it adapts to the same outputs as ADA (Karras et al. 2020)."""

    adaptive = True

    def __init__(self, rate=0.1):
        super().__init__()
        self.rate = rate
        self.register_buffer("level", torch.ones(()))

    def augment(self, images):
        return images * self.level.to(images)

    def update(self, outputs):
        self.level -= self.rate * outputs.sigmoid().mean().to(self.level)


class Concatenated(AdversarialLoss):
    """Least squares with real and fake images in one pass of D."""

    def discriminator(self, critic, real, fake):
        of_fake, of_real = critic(torch.cat([fake, real])).chunk(2)
        return {"both": (of_real - 1).square().mean() + of_fake.square().mean()}

    def generator(self, critic, real, fake):
        return {"adversarial": (critic(fake) - 1).square().mean()}


class Stripes(ImageDataModule):
    """Forty images of stripes, in two classes by their direction."""

    def images(self, split):
        rows = np.indices((16, 16))
        pixels = [255 * ((rows[number % 2] + number) // 2 % 2) for number in range(40)]
        return ArrayImages(np.array(pixels, np.uint8), np.arange(40) % 2, [Source("stripes", 40, 0)])


class LinearGenerator(nn.Sequential):
    """One matrix from latents to images."""

    inputs = ("latents",)

    def __init__(self, latent_dim, channels, image_size):
        shape = (channels, image_size, image_size)
        super().__init__(nn.Linear(latent_dim, channels * image_size**2), nn.Tanh(), nn.Unflatten(1, shape))


class LinearDiscriminator(nn.Sequential):
    """One matrix from images to logits."""

    inputs = ("images",)

    def __init__(self, channels, image_size):
        super().__init__(nn.Flatten(), nn.Linear(channels * image_size**2, 1))


class LabelledGenerator(nn.Module):
    """One matrix from latents and a label's vector to images, with dropout as further noise; it takes labels alone."""

    inputs = ("latents", "labels")

    def __init__(self, latent_dim, channels, image_size, num_classes):
        super().__init__()
        self.classes, self.dropout = nn.Embedding(num_classes, latent_dim), SamplingDropout(0.5)
        self.image = LinearGenerator(latent_dim, channels, image_size)

    def forward(self, latents, labels):
        return self.dropout(self.image(latents + self.classes(labels)))


class LabelledDiscriminator(nn.Module):
    """One matrix from images to logits of all classes, of which that of the label is the answer."""

    inputs = ("images", "labels")

    def __init__(self, channels, image_size, num_classes):
        super().__init__()
        self.logits = nn.Linear(channels * image_size**2, num_classes)

    def forward(self, images, labels):
        return self.logits(images.flatten(1)).gather(1, labels[:, None])


class SmallLogits(Penalty):
    """Keeps D's logits on real images small."""

    def __init__(self, weight=0.01, every_n_iterations=1):
        super().__init__(weight, every_n_iterations)

    def forward(self, critic, real, fake):
        return self.weight * critic(real).square().mean()


class MeanDistance(Metric):
    """The distance of the features' means."""

    def compute(self, real, fake):
        distance = (real.features.mean(0) - fake.features.mean(0)).norm()
        return [Score(real.extractor.score_name("mean_distance"), distance.item())]
