"""Translation that is learnt from aligned pairs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Unpack

import torch
from torch import nn

from gan_lightning.losses.reconstruction import ReconstructionLoss, difference
from gan_lightning.models.critic import RecordingCritic, joined
from gan_lightning.models.game import AdversarialGame
from gan_lightning.models.inputs import Data, Fakes
from gan_lightning.models.players import GameOptions, two_players
from gan_lightning.models.translation import SourceImages, in_columns, numbered_images
from gan_lightning.types import Aligned, Discriminator, Images, NonNegativeFloat, Scalar, Terms


class Pix2Pix(AdversarialGame):
    """G translates x to y; D is given x together with an image and judges whether they are a pair.

    Source: Isola et al. 2017, arXiv:1611.07004.

    Args:
        generator: images to images of the same size, in [-1, 1].
        discriminator: images and a `source` to logits.
        reconstructions: distances of the output from the target, by name; each is a term of G, `generator/<name>`.
        feature_matching_weight: weight of the distance of D's features on outputs and targets (pix2pixHD, Wang et al.
            2018, arXiv:1711.11585, equation 4, whose weight is 10; hidden layers only, without the logits); 0 for none.
        options: what every game takes, see `GameOptions`.

    Raises:
        ValueError: if there is an augmentation, which would move an image away from its source, or if features are to
            be matched and the discriminator returns none.
    """

    directions = {"xy": "y"}
    grid_headings = ("input", "output", "target")
    real_headings = ("input", "target")
    batch_types = (Aligned,)
    discriminator_inputs = ("images", "source")

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        reconstructions: Mapping[str, ReconstructionLoss] | None = None,
        feature_matching_weight: NonNegativeFloat = 0.0,
        **options: Unpack[GameOptions],
    ) -> None:
        super().__init__(SourceImages(), two_players(generator, discriminator, options), options)
        if self.augment:
            raise ValueError("augment must be none for pairs: it would move an image and leave its source where it is")
        if feature_matching_weight and "features" not in getattr(discriminator, "outputs", ()):
            raise ValueError(
                f"model.feature_matching_weight needs a discriminator that returns features, which "
                f"{type(discriminator).__name__} does not; choose network=unet_multiscale, or 0"
            )
        self.reconstructions = dict(reconstructions or {})
        self.feature_matching_weight = feature_matching_weight

    def critic(self, batch: Aligned, direction: str = "") -> Discriminator:
        return lambda images: self.discriminator(images, batch.x)

    def generator_terms(self, batch: Aligned, fakes: Fakes) -> Iterator[Terms]:
        output = fakes("xy")
        terms, critic = self.generator_objective(batch, output, "xy")
        terms = joined(terms, {name: distance(output, batch.y) for name, distance in self.reconstructions.items()})
        if self.feature_matching_weight:
            terms = joined(terms, {"feature_matching": self.feature_matching_weight * self._feature_distance(critic)})
        yield terms

    @staticmethod
    def _feature_distance(critic: RecordingCritic) -> Scalar:
        """Return the sum over D's features of their mean absolute difference between output and target."""
        with torch.no_grad():
            real = critic.output_of("real")
        pairs = zip(critic.output_of("fake").features, real.features, strict=True)
        return torch.stack([difference(one, other).abs().mean() for one, other in pairs]).sum()

    def grid(self, numbers: Sequence[int], data: Data = None) -> Images:
        x, y = (numbered_images(data, domain, numbers) for domain in (0, 1))
        output = self.sample(numbers, self.seed, data, "xy").float()
        return in_columns(x.to(self.device), output, y.to(self.device))
