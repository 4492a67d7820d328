"""The auxiliary classifier GAN: D also predicts an image's class, and both players train it to be right."""

from collections.abc import Iterator
from typing import Unpack

from torch import nn
from torch.nn import functional as F

from gan_lightning import randomness
from gan_lightning.models.critic import RecordingCritic, joined
from gan_lightning.models.game import AdversarialGame
from gan_lightning.models.inputs import Fakes, LabelledLatentInputs
from gan_lightning.models.players import GameOptions, two_players
from gan_lightning.types import Labelled, NonNegativeFloat, PositiveInt, Scalar, Terms


class ACGAN(AdversarialGame):
    """AC-GAN (Odena et al. 2017, arXiv:1610.09585, equations 2 and 3).

    D minimises -L_S - L_C and G minimises L_S - L_C: L_S is the log-likelihood of real and fake, here any adversarial
    loss, and L_C that of the classes of real and of fake images. G's class term sees fakes alone, because the real
    images' does not depend on G. D judges and classifies an image in one forward pass.

    Args:
        generator: latents and labels [B] to images in [-1, 1].
        discriminator: images to a `DiscriminatorOutput` with class logits [B, num_classes].
        latent_dim: Z.
        num_classes: how many classes there are.
        class_weight: what the class terms are multiplied by; 1 in the paper.
        latent: draws latents; by default standard normal.
        options: what every game takes, see `GameOptions`.

    Raises:
        ValueError: if the generator takes no labels, or the discriminator has no class logits.
    """

    batch_types = (Labelled,)

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        latent_dim: PositiveInt,
        num_classes: PositiveInt,
        class_weight: NonNegativeFloat = 1.0,
        latent: randomness.Distribution = randomness.normal,
        **options: Unpack[GameOptions],
    ) -> None:
        players = two_players(generator, discriminator, options)
        super().__init__(LabelledLatentInputs(latent_dim, num_classes, latent), players, options)
        if "class_logits" not in getattr(discriminator, "outputs", ()):
            raise ValueError(
                f"ACGAN needs a discriminator with class logits, which {type(discriminator).__name__} does not have; "
                "choose network=acgan, or model=cgan"
            )
        self.class_weight = class_weight

    def discriminator_terms(self, batch: Labelled, fakes: Fakes) -> Iterator[Terms]:
        terms, critic = self.discriminator_objective(batch, fakes())
        yield joined(terms, {f"class_{images}": self._class_term(critic, images, batch) for images in ("real", "fake")})

    def generator_terms(self, batch: Labelled, fakes: Fakes) -> Iterator[Terms]:
        terms, critic = self.generator_objective(batch, fakes())
        yield joined(terms, {"class": self._class_term(critic, "fake", batch)})

    def _class_term(self, critic: RecordingCritic, images: str, batch: Labelled) -> Scalar:
        class_logits = critic.output_of(images).class_logits
        assert class_logits is not None
        return self.class_weight * F.cross_entropy(class_logits, batch.labels)
