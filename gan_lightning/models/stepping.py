"""How the two players step: their optimizers, one clock, schedules and clipping."""

from collections.abc import Callable, Iterable
from typing import Any, Literal

from torch import nn
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer

from gan_lightning.models.report import Reporting
from gan_lightning.models.schedule import Schedule, constant
from gan_lightning.types import NonNegativeFloat, PositiveInt

Player = Literal["discriminator", "generator"]
MakeOptimizer = Callable[[Iterable[nn.Parameter]], Optimizer]


class Stepping(Reporting):
    """A generator and a discriminator with an optimizer each.

    `trainer.global_step` counts batches, whatever the ratio of the players: the one that moves every batch steps
    through Lightning's counting optimizer, the other through the strategy, which keeps precision plugin and hooks.

    Args:
        generator: makes images.
        discriminator: judges them.
        generator_optimizer: makes G's optimizer from its parameters.
        discriminator_optimizer: makes D's.
        schedule: of both learning rates, by the clock.
        discriminator_every: D moves in every n-th batch.
        generator_every: G moves in every n-th batch; 5 is the n_critic of WGAN, each on a batch of its own.
        discriminator_clip: largest norm of D's whole gradient.
        generator_clip: largest norm of G's.
        clip_weights: D's weights are held within plus and minus this (Arjovsky et al. 2017, algorithm 1).

    Raises:
        ValueError: where neither player moves in every batch.
    """

    iterations: float
    """Of the whole run; inf where it has no end."""

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        generator_optimizer: MakeOptimizer,
        discriminator_optimizer: MakeOptimizer,
        schedule: Schedule = constant,
        discriminator_every: PositiveInt = 1,
        generator_every: PositiveInt = 1,
        discriminator_clip: NonNegativeFloat | None = None,
        generator_clip: NonNegativeFloat | None = None,
        clip_weights: NonNegativeFloat | None = None,
    ) -> None:
        super().__init__()
        if 1 not in (discriminator_every, generator_every):
            given = f"{discriminator_every} and {generator_every}"
            raise ValueError(f"discriminator_every or generator_every must be 1, for somebody to move; got {given}")
        self.automatic_optimization = False
        self.generator = generator
        self.discriminator = discriminator
        self.make_optimizer = {"discriminator": discriminator_optimizer, "generator": generator_optimizer}
        self.schedule = schedule
        self.every = {"discriminator": discriminator_every, "generator": generator_every}
        self.clips = {"discriminator": discriminator_clip, "generator": generator_clip}
        self.clip_weights = clip_weights

    def on_train_start(self) -> None:
        self.iterations = self.trainer.estimated_stepping_batches

    def optimizer_of(self, player: str) -> Any:
        """Lightning's optimizer of a player."""
        return dict(zip(self.make_optimizer, self.optimizers(), strict=True))[player]

    def follow_schedule(self, iteration: int) -> None:
        """Set the learning rates of an iteration."""
        factor = self.schedule(iteration, self.iterations)
        for group, rate in zip(_groups(self.trainer.optimizers), self.rates, strict=True):
            group["lr"] = rate * factor

    def advance(self, player: str, optimizer: Any) -> None:
        """One step; only the player that moves in every batch is counted by Lightning."""
        if player == ("discriminator" if self.every["discriminator"] == 1 else "generator"):
            optimizer.step()
        else:
            self.trainer.strategy.optimizer_step(optimizer.optimizer, lambda: None)
        if player == "discriminator" and self.clip_weights is not None:
            for weight in self.discriminator.parameters():
                weight.data.clamp_(-self.clip_weights, self.clip_weights)

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        """Clip here, where the precision plugin has unscaled the gradients."""
        player = next(name for name, its in zip(self.every, self.trainer.optimizers, strict=True) if its is optimizer)
        if (most := self.clips[player]) is not None:
            clip_grad_norm_(self.get_submodule(player).parameters(), most)

    def configure_optimizers(self) -> list[Optimizer]:
        optimizers = [make(self.get_submodule(name).parameters()) for name, make in self.make_optimizer.items()]
        for player, optimizer in zip(self.make_optimizer, optimizers, strict=True):
            if self.clips[player] is not None and optimizer.defaults.get("fused"):
                raise ValueError(
                    f"{player}_clip needs an optimizer that is not fused: a fused one unscales after clipping"
                )
        self.rates = [group["lr"] for group in _groups(optimizers)]
        return optimizers


def _groups(optimizers: list[Optimizer]) -> list[dict[str, Any]]:
    return [group for optimizer in optimizers for group in optimizer.param_groups]
