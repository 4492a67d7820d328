"""The images that a model is scored by."""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from gan_lightning import randomness
from gan_lightning.models.adversarial import AdversarialModule, Weights
from gan_lightning.models.norm_modes import BatchNorm, in_norm_mode
from gan_lightning.networks.sampling import seeded
from gan_lightning.types import Count, Images, Index

Precision = Literal["32-true", "bf16-mixed", "16-mixed"]
REDUCED = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}


@dataclass(frozen=True)
class Recipe:
    """How images to be scored are made.

    Args:
        seed: of the noise.
        batch_size: of one pass of the generator.
        weights: the generator's moving average, where it has one, or its weights as trained.
        batch_norm: where its statistics come from.
        precision: in which the generator computes.
    """

    seed: Index = 0
    batch_size: Count = 64
    weights: Weights = "ema"
    batch_norm: BatchNorm = "eval"
    precision: Precision = "32-true"


def scored_images(
    model: AdversarialModule, recipe: Recipe, rows: range, data: Any = None, direction: str = ""
) -> Iterator[Images]:
    """Images number `rows.start` to `rows.stop`, in batches on the model's device.

    An image is a function of the seed and its number, whatever the batches and the processes; only with `batch_norm:
    batch` does it depend on its batch. Torch's own random streams and the network in training are left alone.

    Args:
        model: any.
        recipe: how the images are made.
        rows: their numbers.
        data: the data module, for models that translate.
        direction: one of the model's directions.
    """

    def made(network: nn.Module, numbers: range, seed: int) -> Images:
        noise = [randomness.derive(seed, "scores", "dropout", direction, number) for number in numbers]
        # Entered anew for each batch: whoever takes the images must not find gradients switched off.
        with model.sampling(recipe.weights), _autocast(model, recipe), seeded(network, noise):
            return network(*model.scored_inputs(numbers, seed, data, direction))

    def pass_through(network: nn.Module, number: int) -> None:
        start = number * recipe.batch_size
        made(network, range(start, start + recipe.batch_size), randomness.derive(recipe.seed, "standing"))

    with model.sampling(recipe.weights) as generator:
        network = in_norm_mode(model.way(generator, direction), recipe.batch_norm, pass_through)
    for start in range(rows.start, rows.stop, recipe.batch_size):
        yield made(network, range(start, min(start + recipe.batch_size, rows.stop)), recipe.seed)


def precision_of(model: AdversarialModule, recipe: Recipe) -> str:
    """In which the generator computes: the recipe's, or that of its weights where they are not in float32."""
    true = {torch.float64: "64-true", torch.bfloat16: "bf16-true", torch.float16: "16-true"}
    return true.get(model.dtype, recipe.precision)  # type: ignore[arg-type]


def _autocast(model: AdversarialModule, recipe: Recipe) -> Any:
    reduced = REDUCED.get(recipe.precision)
    return torch.autocast(model.device.type, reduced) if reduced else nullcontext()
