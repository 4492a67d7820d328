"""The Wasserstein objective."""

from gan_lightning.losses.adversarial import AdversarialLoss
from gan_lightning.types import Critic, Images, Terms


class Wasserstein(AdversarialLoss):
    """The critic's mean difference (Arjovsky et al. 2017, arXiv:1701.07875, equation 2).

    D minimises mean D(G(z)) - mean D(x), G minimises -mean D(G(z)). Unbounded below unless something holds the critic
    to a Lipschitz constant: a gradient penalty, spectral normalisation or clipped weights.
    """

    def discriminator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        return {"real": -critic(real).mean(), "fake": critic(fake).mean()}

    def generator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        return {"adversarial": -critic(fake).mean()}
