"""The zero-centred gradient penalties R1 and R2."""

from gan_lightning.losses.input_gradients import InputGradientPenalty, input_gradients
from gan_lightning.types import Critic, Images, Scalar


class R1(InputGradientPenalty):
    """weight / 2 * mean |grad D|^2 at the real images (Mescheder et al. 2018, arXiv:1801.04406, equation 9).

    The paper's weight is 10. R3GAN's for CIFAR-10 falls from 0.05 to 0.005, and grows with the image's size.
    """

    def __call__(self, critic: Critic, real: Images, fake: Images) -> Scalar:
        return self.weight / 2 * input_gradients(critic, real).square().sum(1).mean()


class R2(InputGradientPenalty):
    """weight / 2 * mean |grad D|^2 at the fakes (Mescheder et al. 2018, arXiv:1801.04406, equation 10)."""

    def __call__(self, critic: Critic, real: Images, fake: Images) -> Scalar:
        return self.weight / 2 * input_gradients(critic, fake).square().sum(1).mean()
