"""Adversarial objectives: what the two players minimise.

A critic is a discriminator with its condition already bound, so an objective knows neither labels nor source images.
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_lightning.types import Critic, Images, Logits, NonNegativeFloat, Number, Scalar, Terms


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


class NonSaturating(AdversarialLoss):
    """Binary cross-entropy; the generator maximises log D(G(z)) (Goodfellow et al. 2014, section 3).

    D minimises -t log D(x) - (1 - t) log(1 - D(x)) - log(1 - D(G(z))), where t is `real_target`; at D = 1/2 that is
    2 log 2.

    Args:
        real_target: 1, or less for one-sided label smoothing (Salimans et al. 2016, section 3.4).
    """

    def __init__(self, real_target: NonNegativeFloat = 1.0) -> None:
        if not 0 < real_target <= 1:
            raise ValueError(f"real_target must be in (0, 1]; got {real_target}")
        self.real_target = real_target

    def discriminator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        return {"real": _towards(critic(real), self.real_target), "fake": _towards(critic(fake), 0.0)}

    def generator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        return {"adversarial": _towards(critic(fake), 1.0)}

    def shown(self, logits: Logits) -> Tensor:
        return logits.sigmoid()


def _towards(logits: Logits, target: Number) -> Scalar:
    """Binary cross-entropy of logits to one target."""
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


class Minimax(NonSaturating):
    """The generator minimises log(1 - D(G(z))) (Goodfellow et al. 2014, arXiv:1406.2661, equation 1).

    D's side is that of `NonSaturating`, smoothing included. G's gradient vanishes where D rejects its images with
    confidence, which is why the paper's section 3 replaces it in practice.
    """

    def generator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        return {"adversarial": -F.softplus(critic(fake)).mean()}


class LeastSquares(AdversarialLoss):
    """LSGAN (Mao et al. 2017, arXiv:1611.04076, equation 2).

    D minimises factor * (mean (D(x) - b)^2 + mean (D(G(z)) - a)^2), G factor * mean (D(G(z)) - c)^2. The paper's two
    schemes are a, b, c = 0, 1, 1 and -1, 1, 0 (Pearson's chi-squared).

    Args:
        a: target of fakes.
        b: target of reals.
        c: what the generator wants fakes to be taken for.
        factor: 1/2 in the paper; 1 in most code.
    """

    def __init__(self, a: Number = 0.0, b: Number = 1.0, c: Number = 1.0, factor: NonNegativeFloat = 0.5) -> None:
        self.a, self.b, self.c, self.factor = a, b, c, factor

    def discriminator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        return {"real": self._distance(critic(real), self.b), "fake": self._distance(critic(fake), self.a)}

    def generator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        return {"adversarial": self._distance(critic(fake), self.c)}

    def _distance(self, logits: Logits, target: Number) -> Scalar:
        return self.factor * (logits - target).square().mean()


class Hinge(AdversarialLoss):
    """Margins of 1 for the discriminator (Miyato et al. 2018, arXiv:1802.05957, equations 16 and 17).

    D minimises mean max(0, 1 - D(x)) + mean max(0, 1 + D(G(z))), G minimises -mean D(G(z)).
    """

    def discriminator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        return {"real": F.relu(1 - critic(real)).mean(), "fake": F.relu(1 + critic(fake)).mean()}

    def generator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        return {"adversarial": -critic(fake).mean()}


class Wasserstein(AdversarialLoss):
    """The critic's mean difference (Arjovsky et al. 2017, arXiv:1701.07875, equation 2).

    D minimises mean D(G(z)) - mean D(x), G minimises -mean D(G(z)). Unbounded below unless something holds the critic
    to a Lipschitz constant: a gradient penalty, spectral normalisation or clipped weights.
    """

    def discriminator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        return {"real": -critic(real).mean(), "fake": critic(fake).mean()}

    def generator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        return {"adversarial": -critic(fake).mean()}


class Relativistic(AdversarialLoss):
    """Each image is judged against its partner in the other batch (Jolicoeur-Martineau 2018, arXiv:1807.00734).

    As in R3GAN (Huang et al. 2024, arXiv:2501.05441, equation 2): D minimises mean softplus(-(D(x) - D(G(z)))), G
    mean softplus(-(D(G(z)) - D(x))); both are log 2 where D cannot tell. Real and fake pair up row by row, so the two
    batches must be equally large. The paper proves local convergence with R1 and R2, and only then.
    """

    def discriminator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        return {"relativistic": F.softplus(critic(fake) - critic(real)).mean()}

    def generator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        return {"adversarial": F.softplus(critic(real) - critic(fake)).mean()}
