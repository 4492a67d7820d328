"""Translation learnt from pairs."""

from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

from gan_lightning.losses.reconstruction import Comparison
from gan_lightning.models.fakes import Fakes
from gan_lightning.models.translation import TranslationModule, in_rows
from gan_lightning.types import Aligned, Critic, Images, Logits, Terms


class Pix2Pix(TranslationModule):
    """G turns x into y; D is shown x beside the image and says whether they are a pair.

    Source: Isola et al. 2017, arXiv:1611.07004. A grid's rows are input | output | target.

    Args:
        reconstructions: of the output with the target, by name; each is a term of G, `generator/<name>`.
        game: everything `TranslationModule` takes; D takes a `source`.

    Raises:
        ValueError: for augmentation, which would move an image away from its source.
    """

    fields = ("y",)
    together = 3
    directions = ("xy",)

    def __init__(self, reconstructions: Mapping[str, Comparison] | None = None, **game: Any) -> None:
        super().__init__(**game)
        if self.augment:
            raise ValueError("augment must be none for pairs: it would move an image and leave its source where it is")
        self.reconstructions = dict(reconstructions or {})
        for name, comparison in self.reconstructions.items():
            if not isinstance(comparison, Comparison):
                raise ValueError(
                    f"reconstructions.{name} is given settings, but {name} is not among the chosen reconstructions"
                )

    def generate(self, batch: Aligned, field: str) -> Images:
        return self.generator(batch.x)

    def discriminator_terms(self, batch: Aligned, fake: Fakes) -> Iterator[Terms]:
        yield self.judge(self._critic(batch.x), batch.y, fake["y"])

    def generator_terms(self, batch: Aligned, fake: Fakes) -> Iterator[Terms]:
        compared = {name: compare(fake["y"], batch.y) for name, compare in self.reconstructions.items()}
        yield self.fool(self._critic(batch.x), batch.y, fake["y"]) | compared

    def grid(self, *inputs: Tensor) -> Images:
        x, y = inputs
        return in_rows(x, self.from_grid(x, "xy"), y)

    def _critic(self, source: Images) -> Critic:
        def critic(images: Images) -> Logits:
            return self.discriminator(images, source)

        return critic
