"""Gradient penalties of the discriminator: terms of its output's gradient with respect to its input images."""

import torch
from torch import Tensor, nn

from gan_lightning import randomness
from gan_lightning.losses.penalty import Penalty
from gan_lightning.types import Critic, Images, NonNegativeFloat, PositiveInt, Scalar

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


def input_gradients(critic: Critic, images: Images) -> Tensor:
    """Return the gradient of D's output on each image with respect to that image, flat: [B, C * H * W].

    It can be differentiated once more. The output of an image with several logits, such as one for each patch, is their
    mean, as in every loss. Everything is computed in float32 (float64 is kept), also under autocast, because half
    precision has errors of several percent here.
    """
    full = torch.promote_types(images.dtype, torch.float32)
    images = images.detach().to(full).requires_grad_()
    with torch.enable_grad(), torch.autocast(images.device.type, enabled=False):
        outputs = critic(images).reshape(len(images), -1).mean(1)
        (gradients,) = torch.autograd.grad(outputs.sum(), images, create_graph=True)
    return gradients.flatten(1)


class InputGradientPenalty(Penalty):
    """A penalty on each image's own gradient, for discriminators without batch normalisation.

    Args:
        weight: what the penalty is multiplied by.
        every_n_iterations: the penalty is computed in every n-th iteration in which D moves.
    """

    needs_full_precision = True

    def __init__(self, weight: NonNegativeFloat = 10.0, every_n_iterations: PositiveInt = 1) -> None:
        super().__init__(weight, every_n_iterations)

    def refuses(self, network: nn.Module) -> str | None:
        for name, module in network.named_modules():
            if isinstance(module, BATCH_NORMS):
                return (
                    f"{type(self).__name__} needs each image's own gradient, and the discriminator's batch norm "
                    f"({name}) makes an image's output depend on the whole batch; type norm=instance, norm=group or "
                    "norm=none"
                )
        return None


class GradientPenalty(InputGradientPenalty):
    """The penalty of WGAN-GP: weight * mean (|grad D| - 1)^2 between real and fake images.

    Source: Gulrajani et al. 2017, arXiv:1704.00028, equation 3. Each point lies on the line from a real to a fake
    image, at a place that is uniform in [0, 1). The paper's weight is 10.

    Examples:
        >>> penalty = GradientPenalty(weight=10.0)
        >>> images = torch.zeros(2, 1, 2, 2)
        >>> penalty(lambda images: images.sum((1, 2, 3)), images, images)  # the gradient's norm is 2 everywhere
        tensor(10.)
    """

    def forward(self, critic: Critic, real: Images, fake: Images) -> Scalar:
        places = randomness.draw_rows(
            lambda n, stream: torch.rand(n, 1, 1, 1, generator=stream, device=real.device), len(real), real.device
        )
        between = real.lerp(fake.to(real), places.to(real))
        norms = torch.linalg.vector_norm(input_gradients(critic, between), dim=1)
        return self.weight * (norms - 1).square().mean()


class DRAGAN(InputGradientPenalty):
    """The penalty of DRAGAN: weight * mean (|grad D| - 1)^2 around the real images.

    Source: Kodali et al. 2017, arXiv:1705.07215. Each point is a real image with noise from N(0, c I) added, where c =
    noise^2. The paper's weight is 10.

    Args:
        weight: what the penalty is multiplied by.
        noise: standard deviation of each pixel's noise; 0.25 is about half the pixels' own for images in [-1, 1].
        every_n_iterations: the penalty is computed in every n-th iteration in which D moves.
    """

    def __init__(
        self, weight: NonNegativeFloat = 10.0, noise: NonNegativeFloat = 0.25, every_n_iterations: PositiveInt = 1
    ) -> None:
        super().__init__(weight, every_n_iterations)
        self.noise = noise

    def forward(self, critic: Critic, real: Images, fake: Images) -> Scalar:
        noise = randomness.draw_rows(
            lambda n, stream: torch.randn(n, *real.shape[1:], generator=stream, device=real.device),
            len(real),
            real.device,
        )
        around = real + self.noise * noise.to(real)
        norms = torch.linalg.vector_norm(input_gradients(critic, around), dim=1)
        return self.weight * (norms - 1).square().mean()


class R1(InputGradientPenalty):
    """The penalty R1: weight / 2 * mean |grad D|^2 at the real images.

    Source: Mescheder et al. 2018, arXiv:1801.04406, equation 9. The paper's weight is 10. R3GAN's
    weight falls from 0.05 to 0.005 for CIFAR-10, and is greater for larger images.
    """

    def forward(self, critic: Critic, real: Images, fake: Images) -> Scalar:
        return self.weight / 2 * input_gradients(critic, real).square().sum(1).mean()


class R2(InputGradientPenalty):
    """The penalty R2: weight / 2 * mean |grad D|^2 at the fake images.

    Source: Mescheder et al. 2018, arXiv:1801.04406, equation 10.
    """

    def forward(self, critic: Critic, real: Images, fake: Images) -> Scalar:
        return self.weight / 2 * input_gradients(critic, fake).square().sum(1).mean()
