"""Translation that is learnt from two domains without pairs."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Unpack

from torch import nn

from gan_lightning.losses.reconstruction import difference
from gan_lightning.models.critic import joined
from gan_lightning.models.game import AdversarialGame
from gan_lightning.models.inputs import Data, Fakes, dropout_seeds
from gan_lightning.models.players import GameOptions, two_players
from gan_lightning.models.pool import ImagePool
from gan_lightning.models.translation import SourceImages, in_columns, numbered_images, source_domain
from gan_lightning.types import Images, NonNegativeFloat, NonNegativeInt, Pair, Scalar, Terms

BACK = {"xy": "yx", "yx": "xy"}
"""The opposite of each direction."""


class CycleGAN(AdversarialGame):
    """Two generators, G from domain x to y and F from y back to x, and a critic for each domain.

    Source: Zhu et al. 2017, arXiv:1703.10593. The generators' terms come in parts, one cycle or one identity at a time,
    so that memory never holds two cycles.

    Args:
        generator: makes one generator; it is called twice, for G, `generator.xy`, and F, `generator.yx`.
        discriminator: makes one critic; it is called twice, for `discriminator.x` and `discriminator.y`.
        cycle_weight_x: the weight of the mean absolute difference between x and F(G(x)); 10 in the paper.
        cycle_weight_y: the weight of the same difference between y and G(F(y)).
        identity_weight_x: the weight of the same difference between x and F(x), which keeps colours (section 5.2); in
            the paper half the cycle's weight, or 0.
        identity_weight_y: the weight of the same difference between y and G(y).
        pool_size: how many earlier fakes of each domain are kept, to be shown to D in place of new ones; see
            `ImagePool`.
        options: what every game takes, see `GameOptions`.
    """

    directions = {"xy": "y", "yx": "x"}
    grid_headings = ("x", "G(x)", "F(G(x))", "y", "F(y)", "G(F(y))")
    real_headings = ("x", "y")
    batch_types = (Pair,)

    def __init__(
        self,
        generator: Callable[[], nn.Module],
        discriminator: Callable[[], nn.Module],
        cycle_weight_x: NonNegativeFloat = 10.0,
        cycle_weight_y: NonNegativeFloat = 10.0,
        identity_weight_x: NonNegativeFloat = 5.0,
        identity_weight_y: NonNegativeFloat = 5.0,
        pool_size: NonNegativeInt = 50,
        **options: Unpack[GameOptions],
    ) -> None:
        generators = nn.ModuleDict({direction: generator() for direction in ("xy", "yx")})
        discriminators = nn.ModuleDict({domain: discriminator() for domain in ("x", "y")})
        super().__init__(SourceImages(), two_players(generators, discriminators, options), options)
        self.cycle_weights = {"x": cycle_weight_x, "y": cycle_weight_y}
        self.identity_weights = {"x": identity_weight_x, "y": identity_weight_y}
        self.pools = {domain: ImagePool(pool_size) for domain in self.directions.values()}

    def generator_part(self, generator: nn.Module, direction: str) -> nn.Module:
        return generator.get_submodule(direction)

    def discriminator_part(self, direction: str) -> nn.Module:
        return self.discriminator.get_submodule(self.directions[direction])

    def discriminator_terms(self, batch: Pair, fakes: Fakes) -> Iterator[Terms]:
        for direction, domain in self.directions.items():
            fake = self.pools[domain].exchange(fakes(direction))
            yield self.discriminator_objective(batch, fake, direction)[0]

    def generator_terms(self, batch: Pair, fakes: Fakes) -> Iterator[Terms]:
        for direction, back in BACK.items():
            terms = self.generator_objective(batch, fakes(direction), direction)[0]
            source = self.directions[back]
            cycle = self._distance(back, fakes(direction), self.real_images(batch, back))
            yield joined(terms, {f"cycle_{source}": self.cycle_weights[source] * cycle})
        for direction, domain in self.directions.items():
            if weight := self.identity_weights[domain]:
                real = self.real_images(batch, direction)
                yield {f"identity_{domain}": weight * self._distance(direction, real, real)}

    def _distance(self, direction: str, images: Images, target: Images) -> Scalar:
        """Return the mean absolute difference between translations of images and their target."""
        return difference(self.generator_part(self.generator, direction)(images), target).abs().mean()

    def grid(self, numbers: Sequence[int], data: Data = None) -> Images:
        columns = []
        for direction, back in BACK.items():
            translated = self.sample(numbers, self.seed, data, direction)
            again = self.images(translated, noise=dropout_seeds(numbers, self.seed, back), direction=back)
            source = numbered_images(data, source_domain(direction), numbers)
            columns += [images.to(self.device).float() for images in (source, translated, again)]
        return in_columns(*columns)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        super().on_save_checkpoint(checkpoint)
        checkpoint["pools"] = {key: [image.cpu() for image in pool.images] for key, pool in self.pools.items()}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        super().on_load_checkpoint(checkpoint)
        for domain, images in checkpoint["pools"].items():
            self.pools[domain].images = images[: self.pools[domain].size]
