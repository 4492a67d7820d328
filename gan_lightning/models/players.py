"""The players of a game: networks with an optimizer, a cadence and regularizers of their own."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Required, TypedDict

import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer

from gan_lightning.losses.adversarial import AdversarialLoss
from gan_lightning.losses.augment import Augmentation
from gan_lightning.losses.penalty import GeneratorPenalty, Penalty, Regularizer
from gan_lightning.models.ema import EMA
from gan_lightning.models.memory_format import MemoryFormat
from gan_lightning.models.schedule import Schedule, constant
from gan_lightning.networks.blocks import blocks
from gan_lightning.partials import plain
from gan_lightning.types import NonNegativeFloat, NonNegativeInt, Number, PositiveInt, Terms

MakeOptimizer = Callable[[Iterable[nn.Parameter]], Optimizer]


@dataclass
class Player:
    """A network that minimises terms of its own.

    Args:
        network: the network that is trained.
        make_optimizer: makes its optimizer from its parameters.
        every: the player moves in every n-th batch.
        weight: multiplies all of its terms, regularizers included.
        clip: largest norm of its whole gradient; None for no limit.
        clip_weights: its weights are clamped to plus and minus this after each step; None for no limit.
        schedule: factor of its learning rates, by iteration.
        regularizers: terms that belong to it, by name. The game gives D's and G's what they see; a further player's
            terms must include `penalty_terms(<name>, ...)`.
        regularizer_schedule: factor of the regularizers' weights, by iteration.
        makes_fakes: whether the fakes of a batch are its network's; only for such a player do they have a graph.

    Raises:
        TypeError: if something else than a regularizer is among the regularizers.
        ValueError: if a regularizer cannot be used with the network.
    """

    network: nn.Module
    make_optimizer: MakeOptimizer
    every: int = 1
    weight: Number = 1.0
    clip: Number | None = None
    clip_weights: Number | None = None
    schedule: Schedule = constant
    regularizers: Mapping[str, Regularizer] = field(default_factory=dict)
    regularizer_schedule: Schedule = constant
    makes_fakes: bool = False
    rates: list[Number] = field(default_factory=list, init=False)
    moves: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.schedule, self.regularizer_schedule = plain(self.schedule), plain(self.regularizer_schedule)
        for name, regularizer in self.regularizers.items():
            if not isinstance(regularizer, Regularizer):
                raise TypeError(f"the penalty {name} must be a Regularizer; got {regularizer!r}")
            if reason := regularizer.refuses(self.network):
                raise ValueError(reason)

    def make(self) -> Optimizer:
        """Return a new optimizer of the network."""
        optimizer = self.make_optimizer(self.network.parameters())
        # All hooks see gradients that the precision plugin has unscaled, also those of a fused optimizer, which says of
        # itself that it does so within its step.
        optimizer._step_supports_amp_scaling = False  # type: ignore[attr-defined]
        optimizer.register_step_pre_hook(lambda *_: self.clip_gradient())
        optimizer.register_step_post_hook(lambda *_: self.clamp_weights())
        optimizer.register_load_state_dict_pre_hook(with_own_settings)
        self.rates = [group["lr"] for group in optimizer.param_groups]
        return optimizer

    def set_learning_rates(
        self, optimizer: Optimizer, iteration: int, iterations: Number, factor: Number = 1.0
    ) -> None:
        """Set the learning rates of an iteration, times a factor; `iterations` is the length of the run."""
        factor = factor * self.schedule(iteration, iterations)
        for group, rate in zip(optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor

    def due_regularizers(self) -> dict[str, Regularizer]:
        """Return the regularizers that are due in the player's next move, by name."""
        return {name: each for name, each in self.regularizers.items() if self.moves % each.every_n_iterations == 0}

    def penalty_terms(self, iteration: int, iterations: Number, *seen: Any) -> Terms:
        """Return the terms of the regularizers that are due in an iteration of a run, given what they see."""
        factor = self.regularizer_schedule(iteration, iterations)
        due = self.due_regularizers().items()
        return {name: factor * each.every_n_iterations * each(*seen) for name, each in due}

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps of the player besides its network and the optimizer's state."""
        return {"moves": self.moves, "optimizer": type(self.make_optimizer([nn.Parameter(torch.zeros(1))])).__name__}

    def check_state(self, name: str, state: dict[str, Any], moments: dict[str, Any]) -> None:
        """Check that the optimizer can continue from the state in a checkpoint.

        Args:
            name: the player's name.
            state: what `state` returned.
            moments: the optimizer's own state of one parameter, by name; empty before the first step.

        Raises:
            ValueError: if another class of optimizer wrote the state, or if the settings need more than it holds.
        """
        weight = nn.Parameter(torch.zeros(1))
        optimizer = self.make_optimizer([weight])
        weight.grad = torch.zeros(1)
        optimizer.step()
        key, own = f"model.{name}_optimizer", type(optimizer).__name__
        if own != state["optimizer"]:
            raise ValueError(
                f"{key} must stay {state['optimizer']} in a run that is resumed, because each optimizer has averages "
                f"of its own; got {own}; init_from starts a new run from the same weights"
            )
        if missing := sorted(optimizer.state[weight].keys() - moments.keys() if moments else ()):
            raise ValueError(
                f"{key} needs {', '.join(missing)}, which the checkpoint to resume from does not hold; leave the "
                "setting as it was, or start a new run from the same weights by init_from"
            )

    def check_precision(self, dtype: torch.dtype | str) -> None:
        """Compare the regularizers with the type of the weights.

        Raises:
            ValueError: if one of them needs more precision.
        """
        if dtype in (torch.float16, torch.bfloat16) and any(
            each.needs_full_precision for each in self.regularizers.values()
        ):
            raise ValueError(f"penalties need weights in full precision; {dtype} has too little, bf16-mixed keeps them")

    def clip_gradient(self) -> None:
        """Limit the norm of the whole gradient."""
        if self.clip is not None:
            clip_grad_norm_(self.network.parameters(), self.clip)

    def clamp_weights(self) -> None:
        """Limit the weights themselves."""
        if self.clip_weights is not None:
            for weight in self.network.parameters():
                weight.data.clamp_(-self.clip_weights, self.clip_weights)


def check_resumable(players: Mapping[str, Player], checkpoint: dict[str, Any]) -> None:
    """Check that the players' optimizers can continue from a checkpoint.

    Raises:
        ValueError: if one of them cannot.
    """
    for (name, player), kept in zip(players.items(), checkpoint["optimizer_states"], strict=True):
        player.check_state(name, checkpoint["players"][name], next(iter(kept["state"].values()), {}))


def with_own_settings(optimizer: Optimizer, state: dict[str, Any]) -> dict[str, Any]:
    """Return an optimizer's state with the settings of `optimizer`, so that a resumed run follows its configuration.

    Averages lie in memory as the weights do, because a fused step reads both in the order of memory.
    """
    own = optimizer.state_dict()["param_groups"]
    groups = [group | {"params": kept["params"]} for group, kept in zip(own, state["param_groups"], strict=True)]
    numbers = [number for kept in state["param_groups"] for number in kept["params"]]
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    averages = {
        number: {name: _laid_out_as(weight, value) for name, value in state["state"][number].items()}
        for number, weight in zip(numbers, weights, strict=True)
        if number in state["state"]
    }
    return state | {"param_groups": groups, "state": averages}


def _laid_out_as(weight: nn.Parameter, value: Any) -> Any:
    if not isinstance(value, torch.Tensor) or value.shape != weight.shape:
        return value
    return torch.empty_like(weight, dtype=value.dtype, device=value.device).copy_(value)


class GameOptions(TypedDict, total=False):
    """The options of every game between a generator and a discriminator, as the configuration names them.

    Variants take them as keywords (`**options: Unpack[GameOptions]`), so they are declared here and nowhere else.
    """

    loss: Required[AdversarialLoss]
    """The adversarial objective."""
    generator_optimizer: Required[MakeOptimizer]
    """Makes G's optimizer from its parameters."""
    discriminator_optimizer: Required[MakeOptimizer]
    """Makes D's optimizer."""
    generator_every: PositiveInt
    """G moves in every n-th batch (1); 5 is the n_critic of WGAN, each move of D on a batch of its own."""
    discriminator_every: PositiveInt
    """D moves in every n-th batch (1)."""
    every_within_epoch: bool
    """The two count the batches of each epoch from its start, instead of those of the whole run (false)."""
    first: Literal["discriminator", "generator"]
    """The player that moves first within a batch (the discriminator)."""
    reuse_fake: bool
    """Both play on one batch of fakes, made before either moves; otherwise each gets fresh ones (false)."""
    discriminator_weight: NonNegativeFloat
    """Multiplies all of D's terms, penalties included (1); 0.5 for image translation."""
    generator_clip: NonNegativeFloat | None
    """Largest norm of G's whole gradient (no limit)."""
    discriminator_clip: NonNegativeFloat | None
    """Largest norm of D's whole gradient (no limit)."""
    clip_weights: NonNegativeFloat | None
    """D's weights are clamped to plus and minus this (no limit; Arjovsky et al. 2017, algorithm 1)."""
    freeze_discriminator: NonNegativeInt
    """The first n blocks of D, those nearest the image, are not trained (0; Mo et al. 2020, arXiv:2002.10964)."""
    schedule: Schedule
    """Factor of both learning rates, by iteration (constant)."""
    penalties: Mapping[str, Penalty] | None
    """Regularizers of D by name; each is logged as `discriminator/<name>` (none)."""
    generator_penalties: Mapping[str, GeneratorPenalty] | None
    """Regularizers of G by name; each is logged as `generator/<name>` (none)."""
    penalty_schedule: Schedule
    """Factor of the regularizers' weights, by iteration (constant)."""
    augment: Augmentation | None
    """Changes every image that D sees, for both players (none)."""
    memory_format: MemoryFormat | None
    """The order of images and weights in memory (channels last, if G and D are both known to be faster so)."""
    compile: bool
    """G and D are compiled, which makes the first iterations slow (false); penalties run uncompiled."""
    ema: Callable[[nn.Module], EMA] | None
    """Makes G's moving average, which then draws all samples; G itself continues to train (none)."""
    seed: NonNegativeInt
    """All noise is a function of it, the iteration and the row of the global batch (0)."""


def two_players(generator: nn.Module, discriminator: nn.Module, options: GameOptions) -> dict[str, Player]:
    """Return the usual two players; a variant adds further ones to the dictionary.

    Raises:
        TypeError: if an option is unknown, or one that is needed is missing.
        ValueError: if no block of the discriminator would be trained.
    """
    unknown, missing = options.keys() - GameOptions.__annotations__, GameOptions.__required_keys__ - options.keys()
    if unknown or missing:
        raise TypeError(f"options of a game: unknown are {sorted(unknown)}, missing are {sorted(missing)}")
    freeze(discriminator, options.get("freeze_discriminator", 0))
    schedule = options.get("schedule", constant)
    regularizer_schedule = options.get("penalty_schedule", constant)
    return {
        "discriminator": Player(
            discriminator,
            options["discriminator_optimizer"],
            every=options.get("discriminator_every", 1),
            weight=options.get("discriminator_weight", 1.0),
            clip=options.get("discriminator_clip"),
            clip_weights=options.get("clip_weights"),
            schedule=schedule,
            regularizers=dict(options.get("penalties") or {}),
            regularizer_schedule=regularizer_schedule,
        ),
        "generator": Player(
            generator,
            options["generator_optimizer"],
            every=options.get("generator_every", 1),
            clip=options.get("generator_clip"),
            schedule=schedule,
            regularizers=dict(options.get("generator_penalties") or {}),
            regularizer_schedule=regularizer_schedule,
            makes_fakes=True,
        ),
    }


def freeze(discriminator: nn.Module, count: int) -> None:
    """Stop training the first blocks of a discriminator; their batch norm still follows the images.

    Raises:
        ValueError: if the network would have nothing left to train.
    """
    found = blocks(discriminator)
    if count and count >= len(found):
        raise ValueError(
            f"model.freeze_discriminator must be below the number of D's blocks, {len(found)}; got {count}"
        )
    for block in found[:count]:
        block.requires_grad_(False)


def counted_player(players: Mapping[str, Player]) -> str:
    """Return the player whose steps are counted: the first that moves in every batch.

    Raises:
        ValueError: if no player moves in every batch.
    """
    if found := next((name for name, player in players.items() if player.every == 1), None):
        return found
    given = " and ".join(f"model.{name}_every={player.every}" for name, player in players.items())
    one = f"model.{next(iter(players))}_every=1"
    raise ValueError(f"one of the players must move in every batch; got {given}; type {one}")
