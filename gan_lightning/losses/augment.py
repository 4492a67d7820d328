"""Augmentation of the images that the discriminator sees, real and fake alike."""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gan_lightning import randomness
from gan_lightning.types import Discriminator, DiscriminatorOutput, Images, Logits, NonNegativeFloat


class Augmentation(nn.Module, ABC):
    """Wraps a critic in one that sees augmented images, for both players, so that it suits every loss.

    An adaptive augmentation sets `adaptive = True`. The game then passes it D's outputs on real images after each
    step of D. What it learns from them belongs in buffers (`register_buffer`), which the checkpoint keeps.

    Examples:
        >>> class Flip(Augmentation):
        ...     def augment(self, images):
        ...         return images.flip(-1)
        >>> critic = Flip()(lambda images: images[..., 0].mean((1, 2)))
        >>> critic(torch.tensor([[[[0.0, 1.0]]]]))
        tensor([1.])
    """

    adaptive: ClassVar[bool] = False
    """Whether the augmentation adapts to D's outputs, which `update` is then given."""

    @abstractmethod
    def augment(self, images: Images) -> Images:
        """Return the images, each changed by random numbers of its own; gradients flow through to the images."""

    def forward(self, critic: Discriminator) -> Discriminator:
        """Return a critic that augments the images that it is given."""

        def of_augmented(images: Images) -> Logits | DiscriminatorOutput:
            return critic(self.augment(images))

        return of_augmented

    def update(self, outputs: Float[Tensor, " N"]) -> None:
        """Adapt to D's mean logit on each real image of the global batch, which is equal on all ranks."""


def augmented(augment: Augmentation | None, critic: Discriminator) -> Discriminator:
    """Return the critic that both players use: one that sees augmented images if there is an augmentation."""
    return augment(critic) if augment else critic


class DiffAugment(Augmentation):
    """Differentiable augmentation (Zhao et al. 2020, arXiv:2006.10738).

    Each image gets random numbers of its own, fresh at every call of the critic.

    Args:
        colour: brightness moves by up to 0.5, saturation is multiplied by up to 2, contrast by 0.5 to 1.5.
        translation: the furthest shift in each direction, as a part of the image's side; pixels that enter are 0.
        cutout: side of the square that becomes 0, as a part of the image's side; its centre is anywhere.

    Raises:
        ValueError: if translation or cutout is not in [0, 1].
    """

    def __init__(
        self, colour: bool = True, translation: NonNegativeFloat = 0.125, cutout: NonNegativeFloat = 0.5
    ) -> None:
        super().__init__()
        for name, part in {"translation": translation, "cutout": cutout}.items():
            if not 0 <= part <= 1:
                raise ValueError(f"{name} is a part of the image's side and must be in [0, 1]; got {part}")
        self.colour, self.translation, self.cutout = colour, translation, cutout

    def augment(self, images: Images) -> Images:
        device = images.device
        draws = randomness.draw_rows(
            lambda n, stream: torch.rand(n, 7, generator=stream, device=device), len(images), device
        )
        if self.colour:
            images = _jitter_colour(images, draws[:, :3])
        if self.translation:
            images = _translate(images, draws[:, 3:5], self.translation)
        if self.cutout:
            images = _cut_out(images, draws[:, 5:], self.cutout)
        return images


def _jitter_colour(images: Images, draws: Tensor) -> Images:
    """Change brightness, then saturation around each pixel's mean, then contrast around each image's mean."""
    brightness, saturation, contrast = draws.to(images)[..., None, None, None].unbind(1)
    images = images + brightness - 0.5
    grey = images.mean(1, keepdim=True)
    images = grey + 2 * saturation * (images - grey)
    mean = images.mean((1, 2, 3), keepdim=True)
    return mean + (contrast + 0.5) * (images - mean)


def _translate(images: Images, draws: Tensor, part: float) -> Images:
    """Shift by whole pixels, as products with matrices of zeros and ones, which are deterministic on every device."""

    def shift(size: int, draw: Tensor) -> Tensor:
        most = int(size * part + 0.5)
        by = (draw * (2 * most + 1)).long() - most
        pixels = torch.arange(size, device=draw.device)
        return (pixels[:, None] - pixels == by[:, None, None]).to(images)

    rows, columns = shift(images.shape[2], draws[:, 0]), shift(images.shape[3], draws[:, 1])
    return torch.einsum("bik,bckl,bjl->bcij", rows, images, columns)


def _cut_out(images: Images, draws: Tensor, part: float) -> Images:
    """Set a square around any pixel to zero; it is cropped at the image's border."""

    def inside(size: int, draw: Tensor) -> Tensor:
        side = int(size * part + 0.5)
        first = (draw * (size + 1 - side % 2)).long()[:, None] - side // 2
        pixels = torch.arange(size, device=draw.device)
        return (pixels >= first) & (pixels < first + side)

    rows, columns = inside(images.shape[2], draws[:, 0]), inside(images.shape[3], draws[:, 1])
    return images * ~(rows[:, None, :, None] & columns[:, None, None, :])
