"""The non-saturating objective of the original GAN."""

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_lightning.losses.adversarial import AdversarialLoss
from gan_lightning.types import Critic, Images, Logits, Number, Rate, Scalar, Terms


class NonSaturating(AdversarialLoss):
    """Binary cross-entropy; the generator maximises log D(G(z)) (Goodfellow et al. 2014, section 3).

    D minimises -t log D(x) - (1 - t) log(1 - D(x)) - log(1 - D(G(z))), where t is `real_target`; at D = 1/2 that is
    2 log 2.

    Args:
        real_target: 1, or less for one-sided label smoothing (Salimans et al. 2016, section 3.4).
    """

    def __init__(self, real_target: Rate = 1.0) -> None:
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
