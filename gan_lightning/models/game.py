"""The game: players that move batch by batch. Variants define what the players see and minimise."""

from abc import ABC
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Literal, TypedDict, Unpack

import torch
from lightning import LightningModule
from torch import Tensor, nn
from torch.optim import Optimizer

from gan_lightning import randomness
from gan_lightning.losses.augment import augmented
from gan_lightning.models.critic import RecordingCritic, mean_logits
from gan_lightning.models.inputs import Fakes, GeneratorInputs, check_kind
from gan_lightning.models.players import GameOptions, Player
from gan_lightning.models.scalars import Scalars
from gan_lightning.networks.sampling import seeded
from gan_lightning.types import Batch, Discriminator, DiscriminatorOutput, Images, Terms

HALF = (torch.float16, torch.bfloat16)
Weights = Literal["ema", "raw"]
"""G's moving average, if it has one, or its weights as trained."""


class Sampling(TypedDict, total=False):
    """How images are made: by which weights, or by another network than the direction's own."""

    weights: Weights
    network: nn.Module


class AdversarialGame(LightningModule, ABC):
    """Plays networks against each other: `generator`, `discriminator`, and whatever players a variant adds.

    For each player there is a method `<name>_terms(batch, fakes)` that yields the terms which the player minimises, in
    parts; the game runs backward on each part as it comes, so that only one part's graph is in memory.

    `trainer.global_step` counts batches, whatever the ratio of the players: the first player that moves in every batch
    steps through Lightning's counting optimizer, all others through the strategy, which keeps precision and hooks.

    Args:
        inputs: feeds the generator.
        players: by name, in the order in which their optimizers are kept; the one named `options["first"]` moves first.
        options: the options of every game, see `GameOptions`.

    Raises:
        ValueError: if no player moves in every batch, a network does not fit the inputs that it would be given, or a
            penalty cannot be used with the discriminator.
    """

    directions: ClassVar[Mapping[str, str]] = {"": "images"}
    """Directions of generation, each with the field of a batch whose images its fakes should resemble."""
    grid_columns: ClassVar[int] = 1
    """How many images of a grid belong together; input, output and target are three."""
    batch_types: ClassVar[tuple[type, ...]]
    """Batches that the model can be trained on."""
    discriminator_inputs: ClassVar[tuple[str, ...]] = ("images",)
    """What the discriminator is given, as networks name it in their attribute `inputs`."""

    generator: nn.Module
    discriminator: nn.Module

    def __init__(self, inputs: GeneratorInputs, players: Mapping[str, Player], options: GameOptions) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.generator_inputs = inputs
        self.players = dict(players)
        for name, player in self.players.items():
            self.add_module(name, player.network)
        first = options.get("first", "discriminator")
        self.order = sorted(self.players, key=lambda name: name != first)
        if not any(player.every == 1 for player in self.players.values()):
            given = ", ".join(f"{name}_every={player.every}" for name, player in self.players.items())
            raise ValueError(f"one of the players must move in every batch, so its key must be 1; got {given}")
        for direction in self.directions:
            check_kind(self, self.part(self.generator, direction), inputs.kind)
            check_kind(self, self.part(self.discriminator, direction), self.discriminator_inputs)
        self.regularizers = nn.ModuleDict({name: nn.ModuleDict(each.regularizers) for name, each in players.items()})
        self.loss = options["loss"]
        self.augment = options.get("augment")
        make_ema = options.get("ema")
        self.ema = make_ema(self.generator) if make_ema else None
        self.seed = options.get("seed", 0)
        self.reuse_fake = options.get("reuse_fake", False)
        self.iteration = 0
        self.images_seen = 0
        self.scalars = Scalars()
        self.interrupted = False
        self.best_iteration: int | None = None

    # What a variant may define; these are the usual definitions.

    def part(self, network: nn.Module, direction: str) -> nn.Module:
        """Return the part of `generator`, its average or `discriminator` that plays in a direction."""
        return network

    def critic(self, batch: Batch, direction: str = "") -> Discriminator:
        """Return the discriminator that judges a direction's fakes, with its condition bound."""
        return self.part(self.discriminator, direction)

    def discriminator_terms(self, batch: Batch, fakes: Fakes) -> Iterator[Terms]:
        """Yield D's terms in parts, on fakes without a graph."""
        for direction in self.directions:
            yield self.discriminator_objective(batch, fakes(direction), direction)[0]

    def generator_terms(self, batch: Batch, fakes: Fakes) -> Iterator[Terms]:
        """Yield G's terms in parts; gradients flow through the fakes."""
        for direction in self.directions:
            yield self.generator_objective(batch, fakes(direction), direction)[0]

    # What variants build their terms from.

    def inputs(self, batch: Batch, direction: str = "") -> tuple[Tensor, ...]:
        """Return the inputs of a direction's generator for a batch."""
        return self._cast(self.generator_inputs.for_batch(batch, direction, self.device))

    def real_images(self, batch: Batch, direction: str = "") -> Images:
        """Return the real images that a direction's fakes should resemble."""
        return getattr(batch, self.directions[direction])

    def discriminator_objective(
        self, batch: Batch, fake: Images, direction: str = ""
    ) -> tuple[Terms, dict[str, DiscriminatorOutput]]:
        """Return D's terms, penalties included, and D's outputs for `real` and `fake` from the same passes."""
        real = self.real_images(batch, direction)
        critic = augmented(self.augment, self.critic(batch, direction))
        asked = RecordingCritic(critic, real=real, fake=fake)
        terms = asked.terms(lambda critic: self.loss.discriminator(critic, real, fake))
        terms |= self.penalty_terms("discriminator", mean_logits(critic), real, fake)
        self._note_outputs(asked, direction, {"real": "d_out/real", "fake": "d_out/fake"})
        if self.augment and self.augment.adaptive and "real" in asked.said:
            means = [head.detach().flatten(1).mean(1) for head in asked.said["real"].logits]
            self.augment.update(randomness.all_gather(torch.stack(means).mean(0)))
        return self._with_suffix(terms, direction), asked.said

    def generator_objective(
        self, batch: Batch, fake: Images, direction: str = ""
    ) -> tuple[Terms, dict[str, DiscriminatorOutput]]:
        """Return G's adversarial terms, its penalties included, and D's outputs from the same passes."""
        real = self.real_images(batch, direction)
        asked = RecordingCritic(augmented(self.augment, self.critic(batch, direction)), real=real, fake=fake)
        terms = asked.terms(lambda critic: self.loss.generator(critic, real, fake))
        if self.players["generator"].regularizers:
            inputs = self.inputs(batch, direction)
            terms |= self.penalty_terms("generator", self.part(self.generator, direction), inputs)
        self._note_outputs(asked, direction, {"fake": "d_out/fake_for_generator"})
        return self._with_suffix(terms, direction), asked.said

    def _with_suffix(self, terms: Terms, direction: str) -> Terms:
        return {f"{name}{self.suffix(direction)}": term for name, term in terms.items()}

    def _cast(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Return inputs on the model's device, floats in its precision."""
        dtype: Any = self.dtype
        return tuple(each.to(self.device, dtype if each.is_floating_point() else None) for each in inputs)

    def penalty_terms(self, name: str, *seen: Any) -> Terms:
        """Return those regularisers of a player that are due in this iteration; `seen` is what they take."""
        player = self.players[name]
        factor = player.regularizer_schedule(self.iteration, self.iterations)
        moves = self.iteration // player.every
        return {
            key: factor * regularizer.every_n_iterations * regularizer(*seen)
            for key, regularizer in player.regularizers.items()
            if moves % regularizer.every_n_iterations == 0
        }

    # The game.

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        self.iteration = self.global_step
        with randomness.step(self.seed, self.iteration, self.device):
            for player, optimizer in zip(self.players.values(), self.trainer.optimizers, strict=True):
                player.set_learning_rates(optimizer, self.iteration, self.iterations)
            movers = [name for name in self.order if (self.iteration + 1) % self.players[name].every == 0]
            shared = Fakes(lambda direction: self.generate(batch, direction)) if self.reuse_fake else None
            if shared and movers[0] != "generator":  # whose move would switch the generator's gradients off
                with torch.set_grad_enabled("generator" in movers):
                    for direction in self.directions:
                        shared(direction)
            for name in movers:
                self._move(name, batch, shared)
        images = len(batch[0]) * self.trainer.world_size
        if self.ema and "generator" in movers:
            self.ema.follow(self.generator, images * self.players["generator"].every, self.images_seen)
        self.images_seen += images
        self._log_scalars()

    def generate(self, batch: Batch, direction: str = "") -> Images:
        """Return fresh fakes of a direction for a batch."""
        return self.part(self.generator, direction)(*self.inputs(batch, direction))

    def _move(self, name: str, batch: Batch, shared: Fakes | None) -> None:
        player, optimizer = self.players[name], self._optimizer(name)
        with self.toggled_optimizer(optimizer):  # so fakes have a graph only where the generator moves
            fakes = shared or Fakes(lambda direction: self.generate(batch, direction))
            fakes = fakes if player.network is self.generator else fakes.detached()
            for terms in getattr(self, f"{name}_terms")(batch, fakes):
                weighted = {key: player.weight * term for key, term in terms.items()}
                total = torch.stack(list(weighted.values())).sum()
                self.manual_backward(total)
                for key, value in {**weighted, "loss": total}.items():
                    self.scalars.note(f"{name}/{key}", value, add=True)
            self.advance(name, optimizer)
        optimizer.zero_grad()

    def _optimizer(self, name: str) -> Any:
        return dict(zip(self.players, self.optimizers(), strict=True))[name]

    def advance(self, name: str, optimizer: Any) -> None:
        """Step once; Lightning counts the steps of one player alone."""
        if name == next(each for each, player in self.players.items() if player.every == 1):
            optimizer.step()
        else:
            self.trainer.strategy.optimizer_step(optimizer.optimizer, lambda: None)
        self.players[name].clamp_weights()

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        """Clip here, where the precision plugin has unscaled the gradients."""
        for player, own in zip(self.players.values(), self.trainer.optimizers, strict=True):
            if own is optimizer:
                player.clip_gradient()

    def configure_optimizers(self) -> list[Optimizer]:
        return [player.make(name) for name, player in self.players.items()]

    def on_train_start(self) -> None:
        self.iterations = self.trainer.estimated_stepping_batches
        if any(player.regularizers for player in self.players.values()) and self.dtype in HALF:
            raise ValueError(
                f"penalties need weights in full precision; {self.dtype} has too little, bf16-mixed keeps them"
            )

    def on_train_epoch_end(self) -> None:
        self._write({f"epoch/{name}": value for name, value in self.scalars.read_means().items()}, self.global_step)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["images_seen"] = self.images_seen

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.images_seen = checkpoint["images_seen"]

    def _note_outputs(self, asked: RecordingCritic, direction: str, names: dict[str, str]) -> None:
        for images, name in names.items():
            if images in asked.said:
                means = [self.loss.logged_output(head.detach()).mean() for head in asked.said[images].logits]
                self.scalars.note(f"{name}{self.suffix(direction)}", torch.stack(means).mean())

    def _log_scalars(self) -> None:
        """Write the latest value of each name at the cadence, so that a player that does not move is logged too."""
        self.scalars.end_step()
        iteration, every = self.iteration + 1, self.trainer.log_every_n_steps  # type: ignore[attr-defined]
        if every and iteration % every == 0:
            for name, value in self.scalars.latest.items():
                self.log(name, value, prog_bar=name.endswith("/loss"), logger=False)
            self._write(self.scalars.read_latest(), iteration)

    def _write(self, scalars: dict[str, float], iteration: int) -> None:
        if scalars:
            clock = {"epoch": self.current_epoch, "images_seen": self.images_seen}
            for logger in self.loggers:
                logger.log_metrics({**scalars, **clock}, step=iteration)

    def suffix(self, direction: str) -> str:
        """Return the end of the names of a direction's terms: the domain of its fakes, if the model has two."""
        return f"_{self.directions[direction]}" if len(self.directions) > 1 else ""

    @contextmanager
    def sampling(self, weights: Weights = "ema") -> Iterator[nn.Module]:
        """Yield G's moving average if there is one, else G, in eval mode without gradients; training is undisturbed."""
        network = self.ema.module if self.ema and weights == "ema" else self.generator
        training = network.training
        network.eval()
        try:
            with torch.no_grad():
                yield network
        finally:
            network.train(training)

    def images(self, *inputs: Tensor, noise: Sequence[int], direction: str = "", **how: Unpack[Sampling]) -> Images:
        """Return what the generator of a direction makes of inputs; `noise` has a seed for each image's dropout."""
        with self.sampling(how.get("weights", "ema")) as generator:
            network = how.get("network") or self.part(generator, direction)
            with seeded(network, noise):
                return network(*self._cast(inputs))

    def sample(
        self, numbers: Sequence[int], seed: int = 0, data: Any = None, direction: str = "", **how: Unpack[Sampling]
    ) -> Images:
        """Return the images of these numbers; an image is a function of its number and the seed alone."""
        inputs = self.generator_inputs.by_number(numbers, seed, data, direction)
        noise = [randomness.derive(seed, "dropout", direction, number) for number in numbers]
        return self.images(*inputs, noise=noise, direction=direction, **how)

    def grid(self, numbers: Sequence[int], data: Any = None) -> Images:
        """Return what a grid shows of these images, `grid_columns` images for each number."""
        return self.sample(numbers, self.seed, data)
