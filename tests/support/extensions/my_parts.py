"""What a researcher might add from outside of the package: each part is one class here and one YAML file in conf/."""

from typing import Unpack

import torch
from torch import nn

from gan_lightning.losses.adversarial import AdversarialLoss
from gan_lightning.losses.augment import Augmentation
from gan_lightning.losses.penalty import GeneratorPenalty
from gan_lightning.models.game import AdversarialGame
from gan_lightning.models.inputs import Latents
from gan_lightning.models.players import GameOptions, Player, two_players
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
        super().__init__(Latents(latent_dim, latent), players, options)

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


class AdaptiveNoise(Augmentation):
    """Adds noise whose level follows how sure D is of real images (as in ADA, Karras et al. 2020)."""

    adaptive = True

    def __init__(self, rate=0.1):
        super().__init__()
        self.rate = rate
        self.register_buffer("level", torch.zeros(()))

    def augment(self, images):
        return images * (1 - self.level.to(images))

    def update(self, outputs):
        self.level += self.rate * outputs.sigmoid().mean().to(self.level)


class Concatenated(AdversarialLoss):
    """Least squares with real and fake images in one pass of D."""

    def discriminator(self, critic, real, fake):
        of_fake, of_real = critic(torch.cat([fake, real])).chunk(2)
        return {"both": (of_real - 1).square().mean() + of_fake.square().mean()}

    def generator(self, critic, real, fake):
        return {"adversarial": (critic(fake) - 1).square().mean()}
