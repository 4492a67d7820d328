"""The least squares objective."""

from gan_lightning.losses.adversarial import AdversarialLoss
from gan_lightning.types import Critic, Images, Logits, Number, Rate, Scalar, Terms


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

    def __init__(self, a: Number = 0.0, b: Number = 1.0, c: Number = 1.0, factor: Rate = 0.5) -> None:
        self.a, self.b, self.c, self.factor = a, b, c, factor

    def discriminator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        return {"real": self._distance(critic(real), self.b), "fake": self._distance(critic(fake), self.a)}

    def generator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        return {"adversarial": self._distance(critic(fake), self.c)}

    def _distance(self, logits: Logits, target: Number) -> Scalar:
        return self.factor * (logits - target).square().mean()
