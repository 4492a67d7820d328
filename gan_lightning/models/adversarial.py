"""The game: two players, two optimizers, one clock. Variants say what each player sees and minimises."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer

from gan_lightning import randomness
from gan_lightning.losses.adversarial import AdversarialLoss, Penalty
from gan_lightning.models.ema import EMA
from gan_lightning.models.report import Reporting
from gan_lightning.models.schedule import Schedule, constant
from gan_lightning.types import Batch, Count, Critic, Images, Index, Rate, Terms

Player = Literal["discriminator", "generator"]
MakeOptimizer = Callable[[Iterable[nn.Parameter]], Optimizer]


class AdversarialModule(Reporting, ABC):
    """Plays a generator against a discriminator, batch by batch.

    `trainer.global_step` counts batches, whatever the ratio of the players: the one that moves every batch steps
    through Lightning's counting optimizer, the other through the strategy, which keeps precision plugin and hooks.

    Args:
        generator: makes images.
        discriminator: judges them.
        loss: the objective.
        generator_optimizer: makes G's optimizer from its parameters.
        discriminator_optimizer: makes D's.
        penalties: regularisers of D by name; each is logged as `discriminator/<name>`.
        augment: makes a critic one that sees augmented images, for both players and the penalties alike.
        ema: makes G's moving average, which then draws all samples; G itself goes on training.
        schedule: of both learning rates, by the clock.
        penalty_schedule: of the penalties' weights, by the clock.
        seed: all noise is a function of it, the iteration and the place in the global batch.
        discriminator_every: D moves in every n-th batch.
        generator_every: G moves in every n-th batch; 5 is the n_critic of WGAN, each on a batch of its own.
        first: who moves first within a batch.
        reuse_fake: both play on one batch of fakes, made before either moves; otherwise each gets fresh ones.
        discriminator_clip: largest norm of D's whole gradient.
        generator_clip: largest norm of G's.
        clip_weights: D's weights are held within plus and minus this (Arjovsky et al. 2017, algorithm 1).

    Raises:
        ValueError: where neither player moves in every batch, or a penalty cannot be used with D.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        loss: AdversarialLoss,
        generator_optimizer: MakeOptimizer,
        discriminator_optimizer: MakeOptimizer,
        penalties: Mapping[str, Penalty] | None = None,
        augment: Callable[[Critic], Critic] | None = None,
        ema: Callable[[nn.Module], EMA] | None = None,
        schedule: Schedule = constant,
        penalty_schedule: Schedule = constant,
        seed: Index = 0,
        discriminator_every: Count = 1,
        generator_every: Count = 1,
        first: Player = "discriminator",
        reuse_fake: bool = False,
        discriminator_clip: Rate | None = None,
        generator_clip: Rate | None = None,
        clip_weights: Rate | None = None,
    ) -> None:
        super().__init__()
        if 1 not in (discriminator_every, generator_every):
            given = f"{discriminator_every} and {generator_every}"
            raise ValueError(f"discriminator_every or generator_every must be 1, for somebody to move; got {given}")
        self.penalties = dict(penalties or {})
        for name, penalty in self.penalties.items():
            if not isinstance(penalty, Penalty):
                raise ValueError(f"penalties.{name} is given settings, but {name} is not among the chosen penalties")
            if reason := penalty.refuses(discriminator):
                raise ValueError(reason)
        self.automatic_optimization = False
        self.generator = generator
        self.discriminator = discriminator
        self.ema = ema(generator) if ema else None
        self.loss = loss
        self.augment = augment
        self.make_optimizer = {"discriminator": discriminator_optimizer, "generator": generator_optimizer}
        self.schedule = schedule
        self.penalty_schedule = penalty_schedule
        self.penalty_weights = {name: penalty.weight for name, penalty in self.penalties.items()}
        self.seed = seed
        self.every = {"discriminator": discriminator_every, "generator": generator_every}
        self.order = sorted(self.every, key=lambda player: player != first)
        self.reuse_fake = reuse_fake
        self.clips = {"discriminator": discriminator_clip, "generator": generator_clip}
        self.clip_weights = clip_weights

    # What a variant says.

    @abstractmethod
    def inputs(self, batch: Batch) -> tuple[Tensor, ...]:
        """What G is fed for this batch; all noise enters here."""

    @abstractmethod
    def fixed_inputs(self, count: int, nrow: int = 8) -> tuple[Tensor, ...]:
        """What G is fed for a grid of about `count` images, `nrow` in a row; the same at every call."""

    @abstractmethod
    def target(self, batch: Batch) -> Images:
        """The images that G's output should be taken for."""

    @abstractmethod
    def discriminator_terms(self, batch: Batch, fake: Images) -> Terms:
        """D's terms on fakes without a graph."""

    @abstractmethod
    def generator_terms(self, batch: Batch, fake: Images) -> Iterator[Terms]:
        """G's terms, in parts; the game runs backward on each part as it comes."""

    # What variants build their terms from.

    def judge(self, critic: Critic, real: Images, fake: Images) -> Terms:
        """D's part of the objective and its penalties; D's outputs are noted as d_out/real and d_out/fake."""
        critic = self.augment(critic) if self.augment else critic
        watched = self.watch(critic, {"d_out/real": real, "d_out/fake": fake}, self.loss.shown)
        terms = self.loss.discriminator(watched, real, fake)
        return terms | {name: penalty(critic, real, fake) for name, penalty in self.penalties.items()}

    def fool(self, critic: Critic, real: Images, fake: Images) -> Terms:
        """G's part of the objective; D's output is noted as d_out/fake_for_generator."""
        critic = self.augment(critic) if self.augment else critic
        watched = self.watch(critic, {"d_out/fake_for_generator": fake}, self.loss.shown)
        return self.loss.generator(watched, real, fake)

    @torch.no_grad()
    def sample(self, *inputs: Tensor) -> Images:
        """Images in eval mode, by G's moving average where there is one; training goes on as it was."""
        network = self.ema.module if self.ema else self.generator
        training = network.training
        network.eval()
        try:
            return network(*inputs)
        finally:
            network.train(training)

    # The game.

    def on_train_start(self) -> None:
        if self.penalties and self.dtype in (torch.float16, torch.bfloat16):
            raise ValueError(
                f"penalties need weights in full precision; {self.dtype} has too little, bf16-mixed keeps them"
            )
        self.iterations = self.trainer.estimated_stepping_batches

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        iteration = self.global_step
        randomness.start_step(self.seed, iteration, self.device)
        self._follow_schedules(iteration)
        movers = [player for player in self.order if (iteration + 1) % self.every[player] == 0]
        with torch.set_grad_enabled("generator" in movers):
            fake = self.generator(*self.inputs(batch)) if self.reuse_fake else None
        for player in movers:
            self._move(player, batch, fake)
        images = self.target(batch).shape[0] * self.trainer.world_size
        if self.ema and "generator" in movers:
            self.ema.follow(self.generator, images * self.every["generator"], self.images_seen)
        self.images_seen += images
        self.report(iteration + 1, bar={f"{player}/loss" for player in self.every})

    def _move(self, player: str, batch: Batch, fake: Images | None) -> None:
        optimizer = dict(zip(self.make_optimizer, self.optimizers(), strict=True))[player]
        with self.toggled_optimizer(optimizer):
            for terms in self._terms(player, batch, fake):
                total = torch.stack(list(terms.values())).sum()
                self.manual_backward(total)
                for name, value in {**terms, "loss": total}.items():
                    self.note(f"{player}/{name}", value, add=True)
            self._advance(player, optimizer)
        optimizer.zero_grad()

    def _terms(self, player: str, batch: Batch, fake: Images | None) -> Iterator[Terms]:
        if player == "generator":
            yield from self.generator_terms(batch, self.generator(*self.inputs(batch)) if fake is None else fake)
        else:
            if fake is None:
                with torch.no_grad():
                    fake = self.generator(*self.inputs(batch))
            yield self.discriminator_terms(batch, fake.detach())

    def _advance(self, player: str, optimizer: Any) -> None:
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

    def _follow_schedules(self, iteration: int) -> None:
        factor = self.schedule(iteration, self.iterations)
        for group, rate in zip(_groups(self.trainer.optimizers), self.rates, strict=True):
            group["lr"] = rate * factor
        factor = self.penalty_schedule(iteration, self.iterations)
        for name, penalty in self.penalties.items():
            penalty.weight = self.penalty_weights[name] * factor

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
