"""Gradient penalties of the discriminator."""

import torch
from torch import Tensor, nn

from gan_lightning import randomness
from gan_lightning.losses.adversarial import Penalty
from gan_lightning.types import Critic, Images, NonNegativeFloat, Scalar

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


def input_gradients(critic: Critic, images: Images) -> Tensor:
    """The gradient of each image's output by that image, flat: [B, C * H * W], differentiable once more.

    An image with several logits, such as one for each patch, counts with their mean, as it does in every loss. All is
    computed in float32 (float64 stays), also under autocast, for half precision's squares are off by percents.
    """
    full = torch.promote_types(images.dtype, torch.float32)
    images = images.detach().to(full).requires_grad_()
    with torch.enable_grad(), torch.autocast(images.device.type, enabled=False):
        outputs = critic(images).reshape(len(images), -1).mean(1)
        (gradients,) = torch.autograd.grad(outputs.sum(), images, create_graph=True)
    return gradients.flatten(1)


class InputGradientPenalty(Penalty):
    """A penalty on each image's own gradient.

    Args:
        weight: what the penalty is multiplied by.
    """

    def __init__(self, weight: NonNegativeFloat = 10.0) -> None:
        self.weight = weight

    def refuses(self, discriminator: nn.Module) -> str | None:
        for name, module in discriminator.named_modules():
            if isinstance(module, BATCH_NORMS):
                return (
                    f"{type(self).__name__} needs each image's own gradient, and the discriminator's batch norm "
                    f"({name}) makes an image's output depend on the whole batch; use instance, group or no norm"
                )
        return None


class GradientPenalty(InputGradientPenalty):
    """weight * mean (|grad D| - 1)^2 between real and fake (Gulrajani et al. 2017, arXiv:1704.00028, equation 3).

    Each point lies on the line from a real to a fake image, at a place uniform in [0, 1). The paper's weight is 10.
    """

    def __call__(self, critic: Critic, real: Images, fake: Images) -> Scalar:
        stream = randomness.shared(real.device)
        place = randomness.of_global_batch(
            lambda n: torch.rand(n, 1, 1, 1, generator=stream, device=stream.device), len(real)
        )
        between = real.lerp(fake.to(real), place.to(real))
        norms = torch.linalg.vector_norm(input_gradients(critic, between), dim=1)
        return self.weight * (norms - 1).square().mean()


class DRAGAN(InputGradientPenalty):
    """weight * mean (|grad D| - 1)^2 around the real images (Kodali et al. 2017, arXiv:1705.07215).

    Each point is a real image with noise from N(0, c I) added, where c = noise^2. The paper's weight is 10.

    Args:
        weight: what the penalty is multiplied by.
        noise: standard deviation of each pixel's noise; 0.25 is about half of that of images in [-1, 1].
    """

    def __init__(self, weight: NonNegativeFloat = 10.0, noise: NonNegativeFloat = 0.25) -> None:
        super().__init__(weight)
        self.noise = noise

    def __call__(self, critic: Critic, real: Images, fake: Images) -> Scalar:
        stream = randomness.shared(real.device)
        noise = randomness.of_global_batch(
            lambda n: torch.randn(n, *real.shape[1:], generator=stream, device=stream.device), len(real)
        )
        around = real + self.noise * noise.to(real)
        norms = torch.linalg.vector_norm(input_gradients(critic, around), dim=1)
        return self.weight * (norms - 1).square().mean()


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
