"""Gradients of a critic by its images, and what all penalties on them share."""

import torch
from torch import Tensor, nn

from gan_lightning.losses.adversarial import Penalty
from gan_lightning.types import Critic, Images, Rate

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

    def __init__(self, weight: Rate = 10.0) -> None:
        self.weight = weight

    def refuses(self, discriminator: nn.Module) -> str | None:
        for name, module in discriminator.named_modules():
            if isinstance(module, BATCH_NORMS):
                return (
                    f"{type(self).__name__} needs each image's own gradient, and the discriminator's batch norm "
                    f"({name}) makes an image's output depend on the whole batch; use instance, group or no norm"
                )
        return None
