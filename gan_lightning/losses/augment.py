"""Differentiable augmentation (Zhao et al. 2020, arXiv:2006.10738), as a wrapper of a critic."""

import torch
from torch import Tensor

from gan_lightning import randomness
from gan_lightning.types import Critic, Images, Logits, NonNegativeFloat


class DiffAugment:
    """Turns a critic into one that sees every image augmented, real and fake alike, so that it suits every loss.

    Each image gets its own random numbers, fresh at every call of the critic. Gradients flow through to the images.

    Args:
        colour: brightness moves by up to 0.5, saturation is multiplied by up to 2, contrast by 0.5 to 1.5.
        translation: the furthest shift in each direction, as a part of the image's side; what enters is 0.
        cutout: side of the square that becomes 0, as a part of the image's side; its centre is anywhere.

    Raises:
        ValueError: where translation or cutout is not in [0, 1].
    """

    def __init__(
        self, colour: bool = True, translation: NonNegativeFloat = 0.125, cutout: NonNegativeFloat = 0.5
    ) -> None:
        for name, part in {"translation": translation, "cutout": cutout}.items():
            if not 0 <= part <= 1:
                raise ValueError(f"{name} is a part of the image's side and must be in [0, 1]; got {part}")
        self.colour, self.translation, self.cutout = colour, translation, cutout

    def __call__(self, critic: Critic) -> Critic:
        def augmented(images: Images) -> Logits:
            return critic(self.augment(images))

        return augmented

    def augment(self, images: Images) -> Images:
        """The images, each changed by its own random numbers."""
        stream = randomness.shared(images.device)
        draws = randomness.of_global_batch(
            lambda n: torch.rand(n, 7, generator=stream, device=stream.device), len(images)
        )
        if self.colour:
            images = _colour(images, draws[:, :3])
        if self.translation:
            images = _translate(images, draws[:, 3:5], self.translation)
        if self.cutout:
            images = _cut_out(images, draws[:, 5:], self.cutout)
        return images


def _colour(images: Images, draws: Tensor) -> Images:
    """Brightness, then saturation around each pixel's mean, then contrast around each image's."""
    brightness, saturation, contrast = draws.to(images)[..., None, None, None].unbind(1)
    images = images + brightness - 0.5
    grey = images.mean(1, keepdim=True)
    images = grey + 2 * saturation * (images - grey)
    mean = images.mean((1, 2, 3), keepdim=True)
    return mean + (contrast + 0.5) * (images - mean)


def _translate(images: Images, draws: Tensor, part: float) -> Images:
    """Shift by whole pixels, as products with matrices of zeros and ones: deterministic on every device."""

    def shift(size: int, draw: Tensor) -> Tensor:
        most = int(size * part + 0.5)
        by = (draw * (2 * most + 1)).long() - most
        pixels = torch.arange(size, device=draw.device)
        return (pixels[:, None] - pixels == by[:, None, None]).to(images)

    rows, columns = shift(images.shape[2], draws[:, 0]), shift(images.shape[3], draws[:, 1])
    return torch.einsum("bik,bckl,bjl->bcij", rows, images, columns)


def _cut_out(images: Images, draws: Tensor, part: float) -> Images:
    """Zero a square around any pixel, cropped at the image's border."""

    def inside(size: int, draw: Tensor) -> Tensor:
        side = int(size * part + 0.5)
        first = (draw * (size + 1 - side % 2)).long()[:, None] - side // 2
        pixels = torch.arange(size, device=draw.device)
        return (pixels >= first) & (pixels < first + side)

    rows, columns = inside(images.shape[2], draws[:, 0]), inside(images.shape[3], draws[:, 1])
    return images * ~(rows[:, None, :, None] & columns[:, None, None, :])
