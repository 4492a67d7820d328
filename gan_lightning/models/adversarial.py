"""The game: two players, two optimizers, one clock. Variants say what each player sees and minimises."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

import torch
from lightning import LightningModule
from torch import Tensor, nn
from torch.optim import Optimizer

from gan_lightning import randomness
from gan_lightning.losses.adversarial import AdversarialLoss, Penalty
from gan_lightning.models.scalars import Means
from gan_lightning.types import Batch, Count, Critic, Images, Index, Logits, Terms

Player = Literal["discriminator", "generator"]
MakeOptimizer = Callable[[Iterable[nn.Parameter]], Optimizer]


class AdversarialModule(LightningModule, ABC):
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
        seed: all noise is a function of it, the iteration and the place in the global batch.
        discriminator_every: D moves in every n-th batch.
        generator_every: G moves in every n-th batch; 5 is the n_critic of WGAN.
        first: who moves first within a batch.
        reuse_fake: both play on one batch of fakes, made before either moves; otherwise each gets fresh ones.

    Raises:
        ValueError: where neither player moves in every batch.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        loss: AdversarialLoss,
        generator_optimizer: MakeOptimizer,
        discriminator_optimizer: MakeOptimizer,
        penalties: Mapping[str, Penalty] | None = None,
        seed: Index = 0,
        discriminator_every: Count = 1,
        generator_every: Count = 1,
        first: Player = "discriminator",
        reuse_fake: bool = False,
    ) -> None:
        super().__init__()
        if 1 not in (discriminator_every, generator_every):
            raise ValueError(
                "one of discriminator_every and generator_every must be 1, so that somebody moves in every batch; "
                f"got {discriminator_every} and {generator_every}"
            )
        self.automatic_optimization = False
        self.generator = generator
        self.discriminator = discriminator
        self.loss = loss
        self.make_optimizer = {"discriminator": discriminator_optimizer, "generator": generator_optimizer}
        self.penalties = dict(penalties or {})
        self.seed = seed
        self.every = {"discriminator": discriminator_every, "generator": generator_every}
        self.order = sorted(self.every, key=lambda player: player != first)
        self.reuse_fake = reuse_fake
        self.images_seen = 0
        self._step: dict[str, Tensor] = {}
        self._epoch = Means()

    # What a variant says.

    @abstractmethod
    def inputs(self, batch: Batch) -> tuple[Tensor, ...]:
        """What G is fed for this batch; all noise enters here."""

    @abstractmethod
    def fixed_inputs(self, rows: int) -> tuple[Tensor, ...]:
        """What G is fed for the pictures that show progress; the same at every call."""

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
        watched = self._watch(critic, {"d_out/real": real, "d_out/fake": fake})
        terms = self.loss.discriminator(watched, real, fake)
        return terms | {name: penalty(critic, real, fake) for name, penalty in self.penalties.items()}

    def fool(self, critic: Critic, real: Images, fake: Images) -> Terms:
        """G's part of the objective; D's output is noted as d_out/fake_for_generator."""
        return self.loss.generator(self._watch(critic, {"d_out/fake_for_generator": fake}), real, fake)

    def _watch(self, critic: Critic, named: Mapping[str, Images]) -> Critic:
        """The critic in full precision, its mean output on the named images noted as it passes."""

        def watched(images: Images) -> Logits:
            logits = critic(images)
            logits = logits if logits.dtype == torch.float64 else logits.float()
            for name, of in named.items():
                if images is of:
                    self._step[name] = self.loss.shown(logits.detach()).mean()
            return logits

        return watched

    @torch.no_grad()
    def sample(self, *inputs: Tensor) -> Images:
        """G's images in eval mode; training goes on as it was."""
        training = self.generator.training
        self.generator.eval()
        images = self.generator(*inputs)
        self.generator.train(training)
        return images

    # The game.

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        iteration = self.global_step
        randomness.start_step(self.seed, iteration, self.device)
        self._step = {}
        movers = [player for player in self.order if (iteration + 1) % self.every[player] == 0]
        with torch.set_grad_enabled("generator" in movers):
            fake = self.generator(*self.inputs(batch)) if self.reuse_fake else None
        for player in movers:
            self._move(player, batch, fake)
        self.images_seen += self.target(batch).shape[0] * self.trainer.world_size
        self._report(iteration + 1)

    def _move(self, player: str, batch: Batch, fake: Images | None) -> None:
        optimizers = dict(zip(self.make_optimizer, self.optimizers(), strict=True))
        optimizer = optimizers[player]
        with self.toggled_optimizer(optimizer):
            for terms in self._terms(player, batch, fake):
                total = torch.stack(list(terms.values())).sum()
                self.manual_backward(total)
                for name, value in {**terms, "loss": total}.items():
                    noted = f"{player}/{name}"
                    self._step[noted] = self._step.get(noted, 0) + value.detach()
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
        clock = "discriminator" if self.every["discriminator"] == 1 else "generator"
        if player == clock:
            optimizer.step()
        else:
            self.trainer.strategy.optimizer_step(optimizer.optimizer, lambda: None)

    def configure_optimizers(self) -> list[Optimizer]:
        players = {"discriminator": self.discriminator, "generator": self.generator}
        return [make(players[name].parameters()) for name, make in self.make_optimizer.items()]

    # The report: scalars by name at the clock's iteration, and their means over each epoch.

    def _report(self, iteration: int) -> None:
        self._epoch.add(self._step)
        if iteration % self.trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            bar = {f"{name}/loss" for name in self.every}
            for name, value in self._step.items():
                self.log(name, value, prog_bar=name in bar, logger=False)
            names, values = list(self._step), torch.stack([value.float() for value in self._step.values()])
            self._write(dict(zip(names, values.tolist(), strict=True)), iteration)

    def on_train_epoch_end(self) -> None:
        self._write({f"epoch/{name}": value for name, value in self._epoch.read().items()}, self.global_step)

    def _write(self, scalars: dict[str, float], iteration: int) -> None:
        if scalars:
            clock = {"epoch": self.current_epoch, "images_seen": self.images_seen}
            for logger in self.loggers:
                logger.log_metrics({**scalars, **clock}, step=iteration)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["images_seen"] = self.images_seen

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.images_seen = checkpoint["images_seen"]
