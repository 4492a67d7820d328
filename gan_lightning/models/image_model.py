"""Images by their numbers, made by a generator or by its moving average."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import ClassVar, Literal

from lightning import LightningModule
from torch import Tensor, nn

from gan_lightning.models.ema import EMA
from gan_lightning.models.inputs import Data, GeneratorInputs, cast_for, dropout_seeds
from gan_lightning.networks.sampling import in_eval_mode, seeded
from gan_lightning.types import Images

Weights = Literal["ema", "raw"]
"""G's moving average, if it has one, or its weights as trained."""


class ImageModel(LightningModule):
    """A model whose generator makes images, in one direction or in several, each by its number and a seed."""

    directions: ClassVar[Mapping[str, str]] = {"": "images"}
    """Directions of generation, each with the field of a batch whose images its fakes should resemble."""
    grid_columns: ClassVar[int] = 1
    """How many images of a grid belong together; input, output and target are three."""

    generator: nn.Module
    generator_inputs: GeneratorInputs
    ema: EMA | None
    seed: int

    def generator_part(self, generator: nn.Module, direction: str) -> nn.Module:
        """Return the network of a direction in the generator or in its moving average."""
        return generator

    @property
    def first_direction(self) -> str:
        """The direction of a model that has one, and the first of a model that has two."""
        return next(iter(self.directions))

    @contextmanager
    def sampling(self, weights: Weights = "ema") -> Iterator[nn.Module]:
        """Yield G's moving average if there is one, else G, in eval mode without gradients; training is undisturbed."""
        with in_eval_mode(self.ema.module if self.ema and weights == "ema" else self.generator) as network:
            yield network

    def images(
        self,
        *inputs: Tensor,
        noise: Sequence[int],
        direction: str = "",
        weights: Weights = "ema",
        network: nn.Module | None = None,
    ) -> Images:
        """Return what the generator of a direction, or another network, makes of inputs; `noise` seeds its dropout."""
        with self.sampling(weights) as generator:
            network = network or self.generator_part(generator, direction or self.first_direction)
            with seeded(network, noise):
                return network(*cast_for(network, *inputs))

    def sample(
        self,
        numbers: Sequence[int],
        seed: int = 0,
        data: Data = None,
        direction: str = "",
        weights: Weights = "ema",
        network: nn.Module | None = None,
        labels: Sequence[int] | None = None,
    ) -> Images:
        """Return the images of these numbers, a function of number and seed alone; `labels` sets a class for each."""
        direction = direction or self.first_direction
        inputs = self.generator_inputs.by_number(numbers, seed, data, direction, labels)
        noise = dropout_seeds(numbers, seed, direction)
        return self.images(*inputs, noise=noise, direction=direction, weights=weights, network=network)

    def grid(self, numbers: Sequence[int], data: Data = None) -> Images:
        """Return what a grid shows of these images, `grid_columns` images for each number."""
        return self.sample(numbers, self.seed, data, labels=self.generator_inputs.grid_labels(numbers))
