"""Sampling: the images that a model is scored by, by number and seed, in batches."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from gan_lightning import randomness
from gan_lightning.models.ema import Weights
from gan_lightning.models.game import AdversarialGame
from gan_lightning.types import Images, NonNegativeInt, PositiveInt

BatchNormMode = Literal["eval", "batch", "standing"]
"""Where batch normalisation takes its statistics from: training, the batch itself, or fresh batches."""
PASSES = 100
"""Batches that standing statistics are averaged over, as in the paper."""
Precision = Literal["32-true", "bf16-mixed", "16-mixed"]
REDUCED = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
TRUE = {torch.float64: "64-true", torch.bfloat16: "bf16-true", torch.float16: "16-true"}


@dataclass(frozen=True)
class SamplingOptions:
    """How images are made.

    Args:
        seed: the seed of the noise.
        batch_size: images in one pass of the generator.
        weights: the generator's moving average, if it has one, or its weights as trained.
        batch_norm: where batch normalisation takes its statistics from.
        precision: the precision in which the generator computes.
    """

    seed: NonNegativeInt = 0
    batch_size: PositiveInt = 64
    weights: Weights = "ema"
    batch_norm: BatchNormMode = "eval"
    precision: Precision = "32-true"


def sample_images(
    model: AdversarialGame, options: SamplingOptions, numbers: range, data: Any = None, direction: str = ""
) -> Iterator[Images]:
    """Yield images by number, in batches on the model's device.

    An image is a function of the seed and its number, whatever the batches and the processes; only with `batch_norm:
    batch` does it depend on its batch. Torch's own random streams and the network in training do not change.

    Args:
        model: any game.
        options: how the images are made.
        numbers: which images.
        data: the data module, for models that translate.
        direction: one of the model's directions.
    """

    def made(network: nn.Module, numbers: range, seed: int) -> Images:
        # Both contexts are entered again for each batch, so that gradients are not off for the caller in between.
        with autocast(model.device, options.precision):
            return model.sample(numbers, seed, data, direction, weights=options.weights, network=network)

    def pass_through(network: nn.Module, number: int) -> None:
        start = number * options.batch_size
        made(network, range(start, start + options.batch_size), randomness.derive(options.seed, "standing"))

    with model.sampling(options.weights) as generator:
        network = in_batch_norm_mode(model.generator_part(generator, direction), options.batch_norm, pass_through)
    for start in range(numbers.start, numbers.stop, options.batch_size):
        yield made(network, range(start, min(start + options.batch_size, numbers.stop)), options.seed)


def effective_precision(model: AdversarialGame, options: SamplingOptions) -> str:
    """Return the precision in which the generator computes: its weights' own if they are not in float32."""
    with model.sampling(options.weights) as generator:
        return TRUE.get(next(generator.parameters()).dtype, options.precision)


def autocast(device: torch.device, precision: Precision) -> AbstractContextManager:
    """Return torch's autocast for a mixed precision, and a context that does nothing for full precision."""
    reduced = REDUCED.get(precision)
    return torch.autocast(device.type, reduced) if reduced else nullcontext()


def batch_norms(network: nn.Module) -> list[_BatchNorm]:
    """Return the layers that keep running statistics; only for them do the modes differ."""
    found = [layer for layer in network.modules() if isinstance(layer, _BatchNorm)]
    return [layer for layer in found if layer.running_mean is not None]


def in_batch_norm_mode(
    network: nn.Module, mode: BatchNormMode, pass_through: Callable[[nn.Module, int], object]
) -> nn.Module:
    """Return the network, in eval mode, with its batch norms in a mode; for any but `eval` it is a copy.

    With standing statistics the running mean and variance are the averages over `PASSES` fresh batches (Brock et al.
    2019, arXiv:1809.11096, appendix on standing statistics).

    Args:
        network: a generator in eval mode.
        mode: see `BatchNormMode`.
        pass_through: runs a network once on the n-th of these batches.
    """
    if mode == "eval" or not batch_norms(network):
        return network
    copied = deepcopy(network)
    norms: list[Any] = list(batch_norms(copied))
    for norm in norms:
        norm.train()
        if mode == "batch":
            norm.track_running_stats = False  # so torch neither uses nor updates them
        else:
            norm.reset_running_stats()
            norm.momentum = None  # a plain average of all batches
    if mode == "standing":
        for number in range(PASSES):
            pass_through(copied, number)
        copied.eval()
    return copied
