"""Inversion: latents from which a generator makes given pictures."""

from collections.abc import Callable, Iterable
from math import cos, pi, sqrt
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from gan_lightning import randomness
from gan_lightning.metrics.extractors.extractor import full_precision
from gan_lightning.metrics.extractors.random import Random
from gan_lightning.types import Images, Latents, NonNegativeFloat, NonNegativeInt, PositiveInt

QUANTILE = 2.326
"""The point below which 99 % of standard normal numbers lie."""

Generate = Callable[[Latents, Int[Tensor, " B"] | None], Images]
"""Makes images of latents, and of labels where the generator takes any, in a way that can be differentiated."""


class Inverted(NamedTuple):
    """What was found for each picture.

    Args:
        latents: the latents of the best start.
        labels: the classes of the best start; None for a generator without labels.
        images: what the generator makes of them, in [-1, 1].
        errors: the root of the mean squared difference of the pixels, in levels from 0 to 255.
    """

    latents: Latents
    labels: Int[Tensor, " N"] | None
    images: Images
    errors: Float[Tensor, " N"]


class Inversion:
    """Finds latents by Adam, from several starts at once, of which each picture keeps the best.

    The loss of a row is the mean squared difference of the pixels, plus the relative squared difference of the feature
    maps of a network with fixed random weights, which needs no file; differences of such maps respond to edges and
    texture (He et al. 2016, arXiv:1606.04801). Rows do not influence one another.

    The rate falls along half a cosine. After each step the latents are brought back to where their distribution has
    its mass: normal ones to a norm that 99 % of normal latents do not exceed, uniform ones into [-1, 1]. Without this,
    latents may leave what the generator was trained on.

    Args:
        generate: the generator.
        distribution: what the latents were drawn from in training; others than normal and uniform are not limited.
        steps: how many steps Adam takes.
        rate: its first learning rate.
        feature_weight: the weight of the features.
        batch_size: rows in one pass of the generator, at most; each start of each picture is one.
        watch: passes the numbers of the steps on, as a progress bar does.
    """

    def __init__(
        self,
        generate: Generate,
        distribution: randomness.Distribution,
        steps: NonNegativeInt = 500,
        rate: NonNegativeFloat = 0.1,
        feature_weight: NonNegativeFloat = 1.0,
        batch_size: PositiveInt = 64,
        watch: Callable[[range], Iterable[int]] = iter,
    ) -> None:
        self.generate, self.distribution, self.watch = generate, distribution, watch
        self.steps, self.rate, self.feature_weight, self.batch_size = steps, rate, feature_weight, batch_size
        self.features = Random().network

    def __call__(
        self, targets: Images, starts: Float[Tensor, "S Z"], labels: Int[Tensor, "B S"] | None = None
    ) -> Inverted:
        """Invert pictures; what is found is on the CPU.

        Args:
            targets: the pictures.
            starts: the latents at which the search for each picture starts, on the generator's device.
            labels: the class of each start of each picture; None for a generator without labels.
        """
        count, times, device = len(targets), len(starts), starts.device
        classes = None if labels is None else labels.flatten()
        self.features.to(device)
        with full_precision(device):
            parts = [
                self._descend(starts[rows % times], targets[rows // times].to(device), _rows(classes, rows, device))
                for rows in torch.arange(count * times).split(self.batch_size)
            ]
            latents, losses = (torch.cat(column) for column in zip(*parts, strict=True))
            best = losses.view(count, times).argmin(1).cpu() + times * torch.arange(count)
            with torch.no_grad():
                passes = [(latents[rows], _rows(classes, rows, device)) for rows in best.split(self.batch_size)]
                images = torch.cat([self.generate(*given).cpu() for given in passes])
        errors = 127.5 * (images - targets.cpu()).square().flatten(1).mean(1).sqrt()
        return Inverted(latents[best].cpu(), None if classes is None else classes[best].cpu(), images, errors)

    def _descend(
        self, starts: Latents, wanted: Images, labels: Int[Tensor, " B"] | None
    ) -> tuple[Latents, Float[Tensor, " B"]]:
        """Return the latents of each row's lowest loss on the way, and these losses."""
        with torch.no_grad():
            maps = feature_maps(self.features, wanted)
        latents = within(self.distribution, starts).requires_grad_()
        adam = torch.optim.Adam([latents], self.rate)
        best, lowest = latents.detach().clone(), torch.full((len(starts),), torch.inf, device=starts.device)
        for step in self.watch(range(self.steps + 1)):
            losses = self._losses(latents, wanted, maps, labels)
            is_lower = losses.detach() < lowest
            best[is_lower], lowest[is_lower] = latents.detach()[is_lower], losses.detach()[is_lower]
            if step == self.steps:
                break
            (latents.grad,) = torch.autograd.grad(losses.sum(), latents)
            adam.param_groups[0]["lr"] = self.rate * (1 + cos(pi * step / self.steps)) / 2
            adam.step()
            with torch.no_grad():
                latents.copy_(within(self.distribution, latents))
        return best, lowest

    def _losses(
        self, latents: Latents, wanted: Images, maps: list[Tensor], labels: Int[Tensor, " B"] | None
    ) -> Float[Tensor, " B"]:
        images = self.generate(latents, labels)
        losses = (images - wanted).square().flatten(1).mean(1)
        for own, its in zip(feature_maps(self.features, images), maps, strict=True):
            relative = (own - its).square().flatten(1).mean(1) / its.square().flatten(1).mean(1).clamp(min=1e-6)
            losses = losses + self.feature_weight / len(maps) * relative
        return losses


def _rows(classes: Int[Tensor, " R"] | None, rows: Int[Tensor, " B"], device: torch.device) -> Tensor | None:
    """Return the classes of some rows, where there are any."""
    return None if classes is None else classes[rows].to(device)


def feature_maps(network: nn.Module, images: Images) -> list[Float[Tensor, "B F h w"]]:
    """Return what each rectifier of a network of layers in a row gives for gray or coloured images."""
    found, maps = [], images.expand(-1, 3, -1, -1)
    for layer in network.children():
        maps = layer(maps)
        if isinstance(layer, nn.ReLU):
            found.append(maps)
    return found


def within(distribution: randomness.Distribution, latents: Latents) -> Latents:
    """Return the nearest latents that are not unlikely under a distribution; see `Inversion`."""
    if distribution is randomness.uniform:
        return latents.clamp(-1, 1)
    if distribution is randomness.normal:
        norms = latents.norm(dim=1, keepdim=True)
        return latents * (largest_norm(latents.shape[1]) / norms.clamp(min=1e-12)).clamp(max=1)
    return latents.clone()


def largest_norm(latent_dim: PositiveInt) -> float:
    """Return what 99 % of the norms of normal latents do not exceed, by Wilson and Hilferty's approximation (1931)."""
    ninth = 2 / (9 * latent_dim)
    return sqrt(latent_dim * (1 - ninth + QUANTILE * sqrt(ninth)) ** 3)
