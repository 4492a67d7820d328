"""The game: two players, batch by batch. Variants say what each player sees and minimises."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from gan_lightning import randomness
from gan_lightning.losses.adversarial import AdversarialLoss, Penalty
from gan_lightning.models.ema import EMA
from gan_lightning.models.fakes import Fakes
from gan_lightning.models.schedule import Schedule, constant
from gan_lightning.models.stepping import Player, Stepping
from gan_lightning.types import Batch, Critic, Images, NonNegativeFloat, NonNegativeInt, Terms

Weights = Literal["ema", "raw"]
"""G's moving average, where it has one, or its weights as trained."""


class AdversarialModule(Stepping, ABC):
    """Plays a generator against a discriminator.

    Args:
        loss: the objective.
        penalties: regularisers of D by name; each is logged as `discriminator/<name>`.
        discriminator_weight: multiplies all of D's terms, penalties included; 0.5 for image translation.
        augment: makes a critic one that sees augmented images, for both players and the penalties alike.
        ema: makes G's moving average, which then draws all samples; G itself goes on training.
        penalty_schedule: of the penalties' weights, by the clock.
        seed: all noise is a function of it, the iteration and the place in the global batch.
        first: who moves first within a batch.
        reuse_fake: both play on one batch of fakes, made before either moves; otherwise each gets fresh ones.
        stepping: everything `Stepping` takes.

    Raises:
        ValueError: where neither player moves in every batch, or a penalty cannot be used with D.
    """

    fields: ClassVar[tuple[str, ...]]
    """The fields of a batch that G makes fakes for."""
    together: ClassVar[int] = 1
    """How many images of a grid belong together; input, output and target are three."""
    directions: ClassVar[tuple[str, ...]] = ("",)
    """Which ways G goes, each of which is scored by itself; from noise there is one without a name."""

    def __init__(
        self,
        loss: AdversarialLoss,
        penalties: Mapping[str, Penalty] | None = None,
        discriminator_weight: NonNegativeFloat = 1.0,
        augment: Callable[[Critic], Critic] | None = None,
        ema: Callable[[nn.Module], EMA] | None = None,
        penalty_schedule: Schedule = constant,
        seed: NonNegativeInt = 0,
        first: Player = "discriminator",
        reuse_fake: bool = False,
        **stepping: Any,
    ) -> None:
        super().__init__(**stepping)
        self.penalties = dict(penalties or {})
        for name, penalty in self.penalties.items():
            if not isinstance(penalty, Penalty):
                raise ValueError(f"penalties.{name} is given settings, but {name} is not among the chosen penalties")
            if reason := penalty.refuses(self.discriminator):
                raise ValueError(reason)
        self.ema = ema(self.generator) if ema else None
        self.loss = loss
        self.discriminator_weight = discriminator_weight
        self.augment = augment
        self.penalty_schedule = penalty_schedule
        self.penalty_weights = {name: penalty.weight for name, penalty in self.penalties.items()}
        self.seed = seed
        self.order = sorted(self.every, key=lambda player: player != first)
        self.reuse_fake = reuse_fake

    # What a variant says.

    @abstractmethod
    def generate(self, batch: Batch, field: str) -> Images:
        """G's fakes for a field of the batch; all noise enters here."""

    @abstractmethod
    def discriminator_terms(self, batch: Batch, fake: Fakes) -> Iterator[Terms]:
        """D's terms on fakes without a graph, in parts; the game runs backward on each part as it comes."""

    @abstractmethod
    def generator_terms(self, batch: Batch, fake: Fakes) -> Iterator[Terms]:
        """G's terms, in parts like D's."""

    @abstractmethod
    def fixed_inputs(self, count: int, nrow: int = 8) -> tuple[Tensor, ...]:
        """What a grid of about `count` images, `nrow` in a row, is made from; the same at every call."""

    @abstractmethod
    def grid(self, *inputs: Tensor) -> Images:
        """The images of a grid from its fixed inputs, in sampling mode."""

    @abstractmethod
    def scored_inputs(self, rows: range, seed: int, data: Any, direction: str = "") -> tuple[Tensor, ...]:
        """What G is fed for images of these numbers that are to be scored, each a function of its number and the seed.

        Args:
            rows: the numbers.
            seed: of the noise.
            data: the data module.
            direction: one of `directions`.
        """

    def scored_count(self, data: Any, direction: str = "") -> int | None:
        """How many different images there can be; None where there is no end."""
        return None

    def scored_source(self, data: Any, direction: str = "") -> str:
        """What images to be scored are made of beside noise, for the record."""
        return ""

    def way(self, generator: nn.Module, direction: str = "") -> nn.Module:
        """The network of a direction in G, or in its moving average."""
        return generator

    # What variants build their terms from.

    def judge(self, critic: Critic, real: Images, fake: Images, side: str = "") -> Terms:
        """D's part of the objective and its penalties; D's outputs are noted as d_out/real and d_out/fake.

        All names end in `side`, for games with more than one critic.
        """
        critic = self.augment(critic) if self.augment else critic
        watched = self.watch(critic, {f"d_out/real{side}": real, f"d_out/fake{side}": fake}, self.loss.shown)
        terms = self.loss.discriminator(watched, real, fake)
        terms |= {name: penalty(critic, real, fake) for name, penalty in self.penalties.items()}
        return {f"{name}{side}": term for name, term in terms.items()}

    def fool(self, critic: Critic, real: Images, fake: Images, side: str = "") -> Terms:
        """G's part of the objective; D's output is noted as d_out/fake_for_generator. For `side` see `judge`."""
        critic = self.augment(critic) if self.augment else critic
        watched = self.watch(critic, {f"d_out/fake_for_generator{side}": fake}, self.loss.shown)
        return {f"{name}{side}": term for name, term in self.loss.generator(watched, real, fake).items()}

    def target(self, batch: Batch) -> Images:
        """The images that G's first fakes should be taken for."""
        return getattr(batch, self.fields[0])

    @contextmanager
    def sampling(self, weights: Weights = "ema") -> Iterator[nn.Module]:
        """G's moving average where there is one, else G, in eval mode without gradients; training is not disturbed."""
        network = self.ema.module if self.ema and weights == "ema" else self.generator
        training = network.training
        network.eval()
        try:
            with torch.no_grad():
                yield network
        finally:
            network.train(training)

    # The game.

    def on_train_start(self) -> None:
        super().on_train_start()
        if self.penalties and self.dtype in (torch.float16, torch.bfloat16):
            raise ValueError(
                f"penalties need weights in full precision; {self.dtype} has too little, bf16-mixed keeps them"
            )

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        iteration = self.global_step
        randomness.start_step(self.seed, iteration, self.device)
        self.follow_schedule(iteration)
        self._follow_penalty_schedule(iteration)
        movers = [player for player in self.order if (iteration + 1) % self.every[player] == 0]
        shared = self._fakes(batch, "generator" in movers) if self.reuse_fake else None
        if shared and movers[0] == "discriminator":  # whose move switches G's gradients off
            shared.make(self.fields)
        for player in movers:
            self._move(player, batch, shared)
        images = self.target(batch).shape[0] * self.trainer.world_size
        if self.ema and "generator" in movers:
            self.ema.follow(self.generator, images * self.every["generator"], self.images_seen)
        self.images_seen += images
        self.report(iteration + 1, bar={f"{player}/loss" for player in self.every})

    def _move(self, player: str, batch: Batch, shared: Fakes | None) -> None:
        optimizer = self.optimizer_of(player)
        with self.toggled_optimizer(optimizer):
            for terms in self._terms(player, batch, shared):
                total = torch.stack(list(terms.values())).sum()
                self.manual_backward(total)
                for name, value in {**terms, "loss": total}.items():
                    self.note(f"{player}/{name}", value, add=True)
            self.advance(player, optimizer)
        optimizer.zero_grad()

    def _terms(self, player: str, batch: Batch, shared: Fakes | None) -> Iterator[Terms]:
        if player == "generator":
            yield from self.generator_terms(batch, shared or self._fakes(batch, with_graph=True))
            return
        fake = shared.detached() if shared else self._fakes(batch, with_graph=False)
        for terms in self.discriminator_terms(batch, fake):
            yield {name: self.discriminator_weight * term for name, term in terms.items()}

    def _fakes(self, batch: Batch, with_graph: bool) -> Fakes:
        def make(field: str) -> Images:
            with torch.set_grad_enabled(with_graph):
                return self.generate(batch, field)

        return Fakes(make)

    def _follow_penalty_schedule(self, iteration: int) -> None:
        factor = self.penalty_schedule(iteration, self.iterations)
        for name, penalty in self.penalties.items():
            penalty.weight = self.penalty_weights[name] * factor
