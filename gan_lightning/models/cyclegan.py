"""Translation learnt from two domains whose images do not belong together."""

from collections.abc import Callable, Iterator
from typing import Any

from torch import Tensor, nn

from gan_lightning.losses.reconstruction import difference
from gan_lightning.models.fakes import Fakes
from gan_lightning.models.pool import ImagePool
from gan_lightning.models.translation import TranslationModule, in_rows
from gan_lightning.types import Images, NonNegativeFloat, NonNegativeInt, Pair, Terms


class CycleGAN(TranslationModule):
    """Two generators, each the other's way back, and a critic for each domain (Zhu et al. 2017, arXiv:1703.10593).

    G's terms come in parts, one cycle or one identity at a time, so that memory never holds two cycles. A grid's rows
    are x | G(x) | F(G(x)) | y | F(y) | G(F(y)).

    Args:
        generator: makes one generator; the one from x to y is `generator.xy`, its partner `generator.yx`.
        discriminator: makes one critic; `discriminator.x` and `discriminator.y` judge the domains' images.
        cycle_weight_x: of the mean absolute difference between x and F(G(x)); 10 in the paper.
        cycle_weight_y: of that between y and G(F(y)).
        identity_weight_x: of that between x and F(x), which keeps colours (section 5.2); half the cycle's, or 0.
        identity_weight_y: of that between y and G(y).
        pool_size: how many earlier fakes of each domain D sees besides new ones.
        game: everything else that `TranslationModule` takes.
    """

    fields = ("y", "x")
    together = 6
    directions = ("xy", "yx")

    def __init__(
        self,
        generator: Callable[[], nn.Module],
        discriminator: Callable[[], nn.Module],
        cycle_weight_x: NonNegativeFloat = 10.0,
        cycle_weight_y: NonNegativeFloat = 10.0,
        identity_weight_x: NonNegativeFloat = 5.0,
        identity_weight_y: NonNegativeFloat = 5.0,
        pool_size: NonNegativeInt = 50,
        **game: Any,
    ) -> None:
        super().__init__(
            generator=nn.ModuleDict({"xy": generator(), "yx": generator()}),
            discriminator=nn.ModuleDict({"x": discriminator(), "y": discriminator()}),
            **game,
        )
        self.cycle_weights = {"x": cycle_weight_x, "y": cycle_weight_y}
        self.identity_weights = {"x": identity_weight_x, "y": identity_weight_y}
        self.pools = {field: ImagePool(pool_size) for field in self.fields}

    def way(self, generator: nn.Module, direction: str = "xy") -> nn.Module:
        return generator.get_submodule(direction)

    def generate(self, batch: Pair, field: str) -> Images:
        source = _other(field)
        return self._from(source)(getattr(batch, source))

    def discriminator_terms(self, batch: Pair, fake: Fakes) -> Iterator[Terms]:
        for field in self.fields:
            fakes = self.pools[field].exchange(fake[field])
            yield self.judge(self.discriminator.get_submodule(field), getattr(batch, field), fakes, f"_{field}")

    def generator_terms(self, batch: Pair, fake: Fakes) -> Iterator[Terms]:
        for field in self.fields:
            source = _other(field)
            terms = self.fool(self.discriminator.get_submodule(field), getattr(batch, field), fake[field], f"_{field}")
            back = self._from(field)(fake[field])
            yield terms | {
                f"cycle_{source}": self.cycle_weights[source] * difference(back, getattr(batch, source)).abs().mean()
            }
        for field in self.fields:
            if weight := self.identity_weights[field]:
                real = getattr(batch, field)
                apart = difference(self._from(_other(field))(real), real).abs().mean()
                yield {f"identity_{field}": weight * apart}

    def grid(self, *inputs: Tensor) -> Images:
        x, y = inputs
        there, here = self.from_grid(x, "xy"), self.from_grid(y, "yx")
        return in_rows(x, there, self.from_grid(there, "yx"), y, here, self.from_grid(here, "xy"))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        super().on_save_checkpoint(checkpoint)
        checkpoint["pools"] = {field: [image.cpu() for image in pool.images] for field, pool in self.pools.items()}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        super().on_load_checkpoint(checkpoint)
        for field, images in checkpoint["pools"].items():
            self.pools[field].images = images[: self.pools[field].size]

    def _from(self, field: str) -> nn.Module:
        """The generator that is fed a field's images."""
        return self.generator.get_submodule("xy" if field == "x" else "yx")


def _other(field: str) -> str:
    return "y" if field == "x" else "x"
