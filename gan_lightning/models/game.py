"""The game: players that move batch by batch. Variants define what the players see and minimise."""

from abc import ABC
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from math import inf
from typing import Any, ClassVar

import torch
from lightning import LightningModule
from lightning.pytorch.core.optimizer import LightningOptimizer
from torch import Tensor, nn
from torch.optim import Optimizer

from gan_lightning import devices, randomness
from gan_lightning.losses.augment import augmented
from gan_lightning.models.buffers import average_buffers
from gan_lightning.models.critic import RecordingCritic, joined, mean_logits, total_of
from gan_lightning.models.ema import Weights
from gan_lightning.models.inputs import Data, Fakes, GeneratorInputs, cast_for, check_inputs, dropout_seeds
from gan_lightning.models.memory_format import in_order, memory_format_of
from gan_lightning.models.players import GameOptions, Player, counted_player
from gan_lightning.models.scalars import Scalars
from gan_lightning.models.turns import alone
from gan_lightning.networks.sampling import in_eval_mode, seeded
from gan_lightning.types import Batch, Discriminator, Images, Number, Terms


class AdversarialGame(LightningModule, ABC):
    """Plays networks against each other: `generator`, `discriminator`, and further players that a variant adds.

    For each player, a method `<name>_terms(batch, fakes)` yields the terms that it minimises, in parts; the game runs
    backward on each part as it comes, so that only one part's graph is in memory.

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
    grid_headings: ClassVar[tuple[str, ...]] = ("",)
    """Headings of the images of a grid that belong together, such as input, output and target."""
    real_headings: ClassVar[tuple[str, ...]] = ("",)
    """Headings of the images of a grid of real images that belong together."""
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
        self.first_direction = next(iter(self.directions))
        self.players = dict(players)
        for name, player in self.players.items():
            self.add_module(name, player.network)
            getattr(self, f"{name}_terms")  # fails here, and not in the first batch, if a variant has no such method
        self.counted_player = counted_player(players)
        self.order = sorted(self.players, key=lambda name: name != options.get("first", "discriminator"))
        parts = []
        for direction in self.directions:
            own, other = self.generator_part(self.generator, direction), self.discriminator_part(direction)
            check_inputs(type(self).__name__, "generator", own, inputs.kind)
            check_inputs(type(self).__name__, "discriminator", other, self.discriminator_inputs)
            parts += [own, other]
        self.memory_format = memory_format_of(parts, options.get("memory_format"))
        self.to(memory_format=self.memory_format)
        self.is_compiled = options.get("compile", False)
        for part in parts if self.is_compiled else ():
            part.compile()
        self.regularizers = nn.ModuleDict({name: nn.ModuleDict(each.regularizers) for name, each in players.items()})
        self.loss, self.augment = options["loss"], options.get("augment")
        make_ema = options.get("ema")
        self.ema = make_ema(self.generator) if make_ema else None
        self.seed, self.reuse_fake = options.get("seed", 0), options.get("reuse_fake", False)
        self.every_within_epoch = options.get("every_within_epoch", False)
        self.iteration, self.images_seen = 0, 0
        self.iterations: Number = inf
        self.scalars = Scalars()
        # Callbacks share these: whether a value was not finite, what a rollback changes, the signal that ends the run
        # (0 for none), and where the score that is followed is best.
        self.has_diverged: Tensor | bool = False
        self.attempt, self.rate_factor, self.interrupted = 0, 1.0, 0
        self.best_iteration: int | None = None

    # What a variant may define; these are the usual definitions.

    def generator_part(self, generator: nn.Module, direction: str) -> nn.Module:
        """Return the network of a direction in the generator or in its moving average."""
        return generator

    def discriminator_part(self, direction: str) -> nn.Module:
        """Return the network that judges a direction's fakes."""
        return self.discriminator

    def critic(self, batch: Batch, direction: str = "") -> Discriminator:
        """Return the discriminator that judges a direction's fakes, with its condition bound."""
        return self.discriminator_part(direction or self.first_direction)

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
        """Return what the generator of a direction takes for a batch."""
        given = self.generator_inputs.for_batch(batch, direction or self.first_direction, self.device)
        return cast_for(self.generator, *given)

    def real_images(self, batch: Batch, direction: str = "") -> Images:
        """Return the images that a direction's fakes should resemble."""
        return getattr(batch, self.directions[direction or self.first_direction])

    def discriminator_objective(self, batch: Batch, fake: Images, direction: str = "") -> tuple[Terms, RecordingCritic]:
        """Return D's terms, penalties included, and the critic with D's outputs for `real` and `fake`."""
        real = self.real_images(batch, direction)
        discriminator = augmented(self.augment, self.critic(batch, direction))
        critic = RecordingCritic(discriminator, at_once=True, real=real, fake=fake)
        terms = critic.terms(lambda critic: self.loss.discriminator(critic, real, fake))
        terms = joined(terms, self.penalty_terms("discriminator", mean_logits(discriminator), real, fake))
        if self.augment and self.augment.adaptive:
            self.real_outputs.append(critic.mean_logit("real"))
        return self._noted(terms, critic, direction, real="d_out/real", fake="d_out/fake")

    def generator_objective(self, batch: Batch, fake: Images, direction: str = "") -> tuple[Terms, RecordingCritic]:
        """Return G's adversarial terms, its penalties included, and the critic with D's outputs."""
        real = self.real_images(batch, direction)
        critic = RecordingCritic(augmented(self.augment, self.critic(batch, direction)), real=real, fake=fake)
        terms = critic.terms(lambda critic: self.loss.generator(critic, real, fake))
        if self.players["generator"].due_regularizers():
            generator = self.generator_part(self.generator, direction)
            terms = joined(terms, self.penalty_terms("generator", generator, self.inputs(batch, direction)))
        return self._noted(terms, critic, direction, fake="d_out/fake_for_generator")

    def penalty_terms(self, name: str, *seen: Any) -> Terms:
        """Return the terms of those regularizers of a player that are due in this iteration, given what they see."""
        # Compiled networks cannot be differentiated twice, so they run as they are written.
        with torch.compiler.set_stance("force_eager") if self.is_compiled else nullcontext():
            return self.players[name].penalty_terms(self.iteration, self.iterations, *seen)

    def _noted(
        self, terms: Terms, critic: RecordingCritic, direction: str, **names: str
    ) -> tuple[Terms, RecordingCritic]:
        """Note D's mean outputs under their names, and return the terms by names that end in the direction's suffix."""
        suffix = self.suffix(direction)
        for images, name in names.items():
            if images in critic.outputs:
                self.scalars.note(f"{name}{suffix}", critic.mean_output(images, self.loss.logged_output))
        return {f"{name}{suffix}": term for name, term in terms.items()}, critic

    # The game.

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        batch = in_order(batch, self.memory_format)
        self.iteration = self.global_step
        self.real_outputs: list[Tensor] = []
        seed = randomness.derive(self.seed, "attempt", self.attempt) if self.attempt else self.seed
        with randomness.step(seed, self.iteration, self.device):
            for player, optimizer in zip(self.players.values(), self.trainer.optimizers, strict=True):
                player.set_learning_rates(optimizer, self.iteration, self.iterations, self.rate_factor)
            batches = 1 + (batch_idx if self.every_within_epoch else self.iteration)
            movers = [name for name in self.order if batches % self.players[name].every == 0]
            shared = Fakes(lambda direction: self.generate(batch, direction)) if self.reuse_fake else None
            makers = [name for name in movers if self.players[name].makes_fakes]
            if shared and makers != movers[:1]:  # while another player moves, the makers' gradients are switched off
                shared.make(self.directions, with_graph=bool(makers))
            for name in movers:
                self._move(name, batch, shared)
        images = len(batch[0]) * self.trainer.world_size
        if self.ema and "generator" in movers:
            self.ema.follow(self.generator, images * self.players["generator"].every, self.images_seen)
        self.images_seen += images
        self.scalars.log(self, self.iteration + 1)
        if self.trainer.is_last_batch:
            self.scalars.log_means(self, self.iteration + 1)

    def generate(self, batch: Batch, direction: str = "") -> Images:
        """Return new fakes of a direction for a batch."""
        generator = self.generator_part(self.generator, direction or self.first_direction)
        return generator(*self.inputs(batch, direction))

    def _move(self, name: str, batch: Batch, shared: Fakes | None) -> None:
        player, optimizer = self.players[name], dict(zip(self.players, self.optimizers(), strict=True))[name]
        with alone(optimizer.optimizer, self.trainer.optimizers):
            fakes = shared or Fakes(lambda direction: self.generate(batch, direction))
            fakes = fakes if player.makes_fakes else fakes.detached()
            for terms in getattr(self, f"{name}_terms")(batch, fakes):
                weighted = terms if player.weight == 1 else {key: player.weight * term for key, term in terms.items()}
                total = total_of(name, weighted)
                self.manual_backward(total)
                for key, value in joined(weighted, {"loss": total}).items():
                    self.scalars.note(f"{name}/{key}", value, add=True)
            self.advance(name, optimizer)
        optimizer.zero_grad()
        if self.augment and self.real_outputs:
            self.augment.update(randomness.all_gather(torch.cat(self.real_outputs)))
            self.real_outputs.clear()

    def advance(self, name: str, optimizer: LightningOptimizer) -> None:
        """Step once; Lightning counts the steps of one player alone."""
        if name == self.counted_player:
            optimizer.step()
        else:
            self.trainer.strategy.optimizer_step(optimizer.optimizer, lambda: None)
        self.players[name].moves += 1

    def configure_optimizers(self) -> list[Optimizer]:
        return [player.make() for player in self.players.values()]

    def on_train_start(self) -> None:
        devices.look_for_cuda_without_nvml()
        self.iterations = inf if (end := self.trainer.estimated_stepping_batches) == -1 else end  # data without length
        self.generator_inputs.see(self.trainer.datamodule)  # type: ignore[attr-defined]
        for player in self.players.values():
            player.check_precision(self.dtype)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        # Lightning counts the epochs of a run that it has resumed in another way; resumed again, an epoch would repeat.
        epoch = checkpoint["epoch"]
        for counts in checkpoint["loops"]["fit_loop"]["epoch_progress"].values():
            counts.update(ready=epoch + 1, started=epoch + 1, processed=epoch, completed=epoch)
        checkpoint["images_seen"] = self.images_seen
        checkpoint["players"] = {name: player.state() for name, player in self.players.items()}
        checkpoint["scalars"] = self.scalars.state()
        checkpoint["class_counts"] = self.generator_inputs.class_counts

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.images_seen = checkpoint["images_seen"]
        for name, player in self.players.items():
            player.moves = checkpoint["players"][name]["moves"]
        self.scalars.load_state(checkpoint["scalars"])
        self.generator_inputs.class_counts = checkpoint["class_counts"]

    def average_buffers(self) -> None:
        """Average batch norm's statistics over the ranks, which see different rows; every rank must call it."""
        average_buffers(*(player.network for player in self.players.values()), *([self.ema] if self.ema else []))

    def suffix(self, direction: str) -> str:
        """Return the end of the names of a direction's terms: the domain of its fakes, if the model has two."""
        return f"_{self.directions[direction]}" if len(self.directions) > 1 else ""

    @contextmanager
    def sampling(self, weights: Weights = "ema") -> Iterator[nn.Module]:
        """Yield G's moving average if there is one, else G, in eval mode without gradients; training is undisturbed."""
        with in_eval_mode(self.ema.module if self.ema and weights == "ema" else self.generator) as network:
            yield network

    def images(
        self,
        *inputs: Tensor,
        noise: Sequence[int],
        direction: str = "",
        weights: Weights = "ema",
        network: nn.Module | None = None,
    ) -> Images:
        """Return what the generator of a direction, or another network, makes of inputs; `noise` seeds its dropout."""
        with self.sampling(weights) as generator:
            network = network or self.generator_part(generator, direction or self.first_direction)
            with seeded(network, noise):
                return network(*cast_for(network, *inputs))

    def sample(
        self,
        numbers: Sequence[int],
        seed: int = 0,
        data: Data = None,
        direction: str = "",
        weights: Weights = "ema",
        network: nn.Module | None = None,
        labels: Sequence[int] | None = None,
    ) -> Images:
        """Return the images of these numbers, a function of number and seed alone; `labels` sets a class for each."""
        direction = direction or self.first_direction
        inputs = self.generator_inputs.by_number(numbers, seed, data, direction, labels)
        noise = dropout_seeds(numbers, seed, direction)
        return self.images(*inputs, noise=noise, direction=direction, weights=weights, network=network)

    def grid(self, numbers: Sequence[int], data: Data = None) -> Images:
        """Return what a grid shows of these images, an image of each heading for each number."""
        return self.sample(numbers, self.seed, data, labels=self.generator_inputs.grid_labels(numbers))
