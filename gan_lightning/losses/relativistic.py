"""The relativistic objective on pairs."""

from torch.nn import functional as F

from gan_lightning.losses.adversarial import AdversarialLoss
from gan_lightning.types import Critic, Images, Terms


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
