"""Adversarial objectives: what the two players minimise.

A critic is a discriminator with its condition already bound, so an objective knows neither labels nor source images.
"""

from abc import ABC, abstractmethod
from typing import Annotated

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_lightning.types import Critic, Images, Logits, NonNegativeFloat, Number, Scalar, Terms
from gan_lightning.values import AtMost, MoreThan


class AdversarialLoss(ABC):
    """What the two players minimise.

    An objective may call the critic on any images, in any batches, and returns named terms, whose sum the player
    minimises. If the discriminator has several heads, the game calls the objective once for each head; it must
    then ask about the same batches in the same order each time.

    Examples:
        >>> class Linear(AdversarialLoss):
        ...     def discriminator(self, critic, real, fake):
        ...         return {"real": -critic(real).mean(), "fake": critic(fake).mean()}
        ...
        ...     def generator(self, critic, real, fake):
        ...         return {"adversarial": -critic(fake).mean()}
        >>> images = torch.ones(2, 1, 4, 4)
        >>> Linear().generator(lambda images: images.sum((1, 2, 3)), images, images)
        {'adversarial': tensor(-16.)}
    """

    @property
    def certain(self) -> tuple[Number, Number] | None:
        """D's outputs, as logged, for real and fake images, with which its loss is least; None if there are none."""
        return None

    @property
    def undecided(self) -> float | None:
        """D's output, as logged, where it cannot tell real from fake images; None if no value says so.

        It is halfway between the outputs of `certain`: 1/2 for cross-entropy, half of `real_target` with smoothing.
        """
        return None if self.certain is None else sum(self.certain) / 2

    @abstractmethod
    def discriminator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        """Return the discriminator's terms; `fake` carries no graph of the generator."""

    @abstractmethod
    def generator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        """Return the generator's terms; gradients flow through `fake`."""

    def logged_output(self, logits: Logits) -> Tensor:
        """Return D's output as it is logged: a probability if the loss gives one, else the logits themselves."""
        return logits


class NonSaturating(AdversarialLoss):
    """Binary cross-entropy; the generator maximises log D(G(z)) (Goodfellow et al. 2014, section 3).

    D minimises -t log D(x) - (1 - t) log(1 - D(x)) - log(1 - D(G(z))), where t is `real_target`; at D = 1/2 that is
    2 log 2.

    Args:
        real_target: 1, or less for one-sided label smoothing (Salimans et al. 2016, section 3.4).

    Raises:
        ValueError: if `real_target` is not more than 0 and at most 1.
    """

    def __init__(self, real_target: Annotated[Number, MoreThan(0), AtMost(1)] = 1.0) -> None:
        if not 0 < real_target <= 1:
            raise ValueError(f"real_target must be more than 0 and at most 1; got {real_target}")
        self.real_target = real_target

    @property
    def certain(self) -> tuple[Number, Number]:
        return self.real_target, 0.0

    def discriminator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        return {"real": _cross_entropy(critic(real), self.real_target), "fake": _cross_entropy(critic(fake), 0.0)}

    def generator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        return {"adversarial": _cross_entropy(critic(fake), 1.0)}

    def logged_output(self, logits: Logits) -> Tensor:
        return logits.sigmoid()


class Minimax(NonSaturating):
    """Binary cross-entropy; the generator minimises log(1 - D(G(z))) (Goodfellow et al. 2014, arXiv:1406.2661, eq. 1).

    D minimises what it minimises in `NonSaturating`, label smoothing included. G's gradient vanishes if D rejects
    its images with confidence, which is why section 3 of the paper replaces it in practice.
    """

    def generator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        return {"adversarial": -F.softplus(critic(fake)).mean()}


class LeastSquares(AdversarialLoss):
    """Least squares (LSGAN, Mao et al. 2017, arXiv:1611.04076, equation 2).

    D minimises factor * (mean (D(x) - b)^2 + mean (D(G(z)) - a)^2), G factor * mean (D(G(z)) - c)^2. The paper's two
    schemes are a, b, c = 0, 1, 1 and -1, 1, 0 (Pearson's chi-squared).

    Args:
        a: target of fakes.
        b: target of reals.
        c: target of fakes in the generator's step.
        factor: what both losses are multiplied by; 1/2 in the paper, 1 in most code.
    """

    def __init__(self, a: Number = 0.0, b: Number = 1.0, c: Number = 1.0, factor: NonNegativeFloat = 0.5) -> None:
        self.a, self.b, self.c, self.factor = a, b, c, factor

    @property
    def certain(self) -> tuple[Number, Number]:
        return self.b, self.a

    def discriminator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        return {"real": self._squares(critic(real), self.b), "fake": self._squares(critic(fake), self.a)}

    def generator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        return {"adversarial": self._squares(critic(fake), self.c)}

    def _squares(self, logits: Logits, target: Number) -> Scalar:
        return self.factor * (logits - target).square().mean()


class Hinge(AdversarialLoss):
    """Hinge loss with margins of 1 for the discriminator (Miyato et al. 2018, arXiv:1802.05957, equations 16 and 17).

    D minimises mean max(0, 1 - D(x)) + mean max(0, 1 + D(G(z))), G minimises -mean D(G(z)).
    """

    def discriminator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        return {"real": F.relu(1 - critic(real)).mean(), "fake": F.relu(1 + critic(fake)).mean()}

    def generator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        return {"adversarial": -critic(fake).mean()}


class Wasserstein(AdversarialLoss):
    """The difference of the critic's means (Arjovsky et al. 2017, arXiv:1701.07875, equation 2).

    D minimises mean D(G(z)) - mean D(x), G minimises -mean D(G(z)). D's loss has no lower bound unless something limits
    the critic's Lipschitz constant: a gradient penalty, spectral normalisation or clipped weights.
    """

    def discriminator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        return {"real": -critic(real).mean(), "fake": critic(fake).mean()}

    def generator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        return {"adversarial": -critic(fake).mean()}


class Relativistic(AdversarialLoss):
    """The relativistic loss on pairs (Jolicoeur-Martineau 2018, arXiv:1807.00734).

    As in R3GAN (Huang et al. 2024, arXiv:2501.05441, equation 2): D minimises mean softplus(-(D(x) - D(G(z)))), G
    mean softplus(-(D(G(z)) - D(x))); both are log 2 if D cannot distinguish them. Real and fake images are paired
    row by row, so the two batches must have the same size. The paper proves local convergence only with both R1 and R2.
    """

    def discriminator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        return {"relativistic": F.softplus(critic(fake) - critic(real)).mean()}

    def generator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        return {"adversarial": F.softplus(critic(real) - critic(fake)).mean()}


def _cross_entropy(logits: Logits, target: Number) -> Scalar:
    """Return the binary cross-entropy of logits and one target for all of them."""
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))
