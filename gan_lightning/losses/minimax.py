"""The minimax objective of the original GAN."""

from torch.nn import functional as F

from gan_lightning.losses.non_saturating import NonSaturating
from gan_lightning.types import Critic, Images, Terms


class Minimax(NonSaturating):
    """The generator minimises log(1 - D(G(z))) (Goodfellow et al. 2014, arXiv:1406.2661, equation 1).

    D's side is that of `NonSaturating`, smoothing included. G's gradient vanishes where D rejects its images with
    confidence, which is why the paper's section 3 replaces it in practice.
    """

    def generator(self, critic: Critic, real: Images, fake: Images) -> Terms:
        return {"adversarial": -F.softplus(critic(fake)).mean()}
