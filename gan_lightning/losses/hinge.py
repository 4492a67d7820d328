"""The hinge objective."""

from torch.nn import functional as F

from gan_lightning.losses.adversarial import AdversarialLoss
from gan_lightning.types import Critic, Images, Terms


class Hinge(AdversarialLoss):
    """Margins of 1 for the discriminator (Miyato et al. 2018, arXiv:1802.05957, equations 16 and 17).

    D minimises mean max(0, 1 - D(x)) + mean max(0, 1 + D(G(z))), G minimises -mean D(G(z)).
    """

    def discriminator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        return {"real": F.relu(1 - critic(real)).mean(), "fake": F.relu(1 + critic(fake)).mean()}

    def generator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        return {"adversarial": -critic(fake).mean()}
