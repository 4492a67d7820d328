"""What an adversarial objective and a penalty are.

A critic is a discriminator with its condition already bound, so an objective knows neither labels nor source images.
"""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from gan_lightning.types import Critic, Images, Logits, Scalar, Terms


class AdversarialLoss(ABC):
    """What the two players minimise."""

    @abstractmethod
    def discriminator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        """The discriminator's terms; `fake` carries no graph of the generator."""

    @abstractmethod
    def generator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        """The generator's terms; gradients flow through `fake`."""

    def shown(self, logits: Logits) -> Tensor:
        """The form in which D(x) is logged: a probability where the loss gives one, else the raw output."""
        return logits


class Penalty(ABC):
    """A regulariser of the discriminator, added to whatever objective is played.

    `weight` multiplies it and is read at each call, so a schedule may set it between two steps.
    """

    weight: float

    @abstractmethod
    def __call__(self, critic: Critic, real: Images, fake: Images) -> Scalar:
        """The weighted penalty."""

    def refuses(self, discriminator: nn.Module) -> str | None:
        """Why the penalty cannot be used with this discriminator, in one sentence; None where it can."""
        return None
