"""Regularizers: terms that belong to one player, whatever objective is played."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from torch import Tensor, nn

from gan_lightning.types import Critic, Images, NonNegativeFloat, PositiveInt, Scalar


class Regularizer(nn.Module, ABC):
    """A weighted term that the game adds to a player's loss in every n-th iteration in which the player moves.

    The game multiplies the term by n, so that a rarer regularizer is as strong on average (lazy regularization, Karras
    et al. 2020, arXiv:1912.04958, section 3.1), and by the factor of `model.penalty_schedule`. State that must survive
    a resumed run is a buffer (`register_buffer`), which the checkpoint keeps.

    Args:
        weight: what the term is multiplied by.
        every_n_iterations: the term is computed in every n-th iteration in which the player moves.

    Raises:
        ValueError: if the weight is negative or the cadence is below 1.
    """

    needs_full_precision: ClassVar[bool] = False
    """Whether the regularizer needs weights in full precision."""

    def __init__(self, weight: NonNegativeFloat, every_n_iterations: PositiveInt = 1) -> None:
        super().__init__()
        if weight < 0 or every_n_iterations < 1:
            raise ValueError(
                f"weight must be at least 0, and every_n_iterations at least 1; got {weight} and {every_n_iterations}"
            )
        self.weight = weight
        self.every_n_iterations = every_n_iterations

    def refuses(self, network: nn.Module) -> str | None:
        """Return why it cannot be used with this network, in one sentence; None if it can."""
        return None


class Penalty(Regularizer):
    """A regularizer of the discriminator."""

    @abstractmethod
    def forward(self, critic: Critic, real: Images, fake: Images) -> Scalar:
        """Return the weighted penalty; `fake` carries no graph of the generator.

        The critic of a discriminator with several heads returns each head's mean logit, [B, heads], so a penalty sees
        their mean, while losses are summed over heads.
        """


class GeneratorPenalty(Regularizer):
    """A regularizer of the generator, such as path length or orthogonality."""

    @abstractmethod
    def forward(self, generator: Callable[..., Images], inputs: tuple[Tensor, ...]) -> Scalar:
        """Return the weighted penalty.

        Args:
            generator: maps inputs to images; an `nn.Module` whose weights may be read.
            inputs: the generator's inputs for one batch, drawn for this penalty alone.
        """
