"""Sampling: images by number and seed, in batches."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from gan_lightning import randomness
from gan_lightning.models.adversarial import AdversarialModule, Weights
from gan_lightning.networks.sampling import seeded
from gan_lightning.types import Images, NonNegativeInt, PositiveInt

BatchNorm = Literal["eval", "batch", "standing"]
"""Training's running statistics, those of the batch itself, or running ones made anew."""
PASSES = 100
"""For standing statistics, as in the paper."""


def batch_norms(network: nn.Module) -> list[_BatchNorm]:
    """Its layers that keep running statistics; only for them do the modes differ."""
    found = [layer for layer in network.modules() if isinstance(layer, _BatchNorm)]
    return [layer for layer in found if layer.running_mean is not None]


def in_norm_mode(network: nn.Module, mode: BatchNorm, pass_through: Callable[[nn.Module, int], object]) -> nn.Module:
    """The network, in eval mode, with its norms in this one; itself for `eval`, else a copy to be thrown away.

    With standing statistics the running mean and variance are the averages of those of `PASSES` fresh batches (Brock et
    al. 2019, arXiv:1809.11096, appendix on standing statistics).

    Args:
        network: in eval mode.
        mode: see `BatchNorm`.
        pass_through: run a network once on the n-th of these batches.
    """
    if mode == "eval" or not batch_norms(network):
        return network
    copied = deepcopy(network)
    norms: list[Any] = list(batch_norms(copied))
    for norm in norms:
        norm.train()
        if mode == "batch":
            norm.track_running_stats = False  # so torch neither takes nor updates them
        else:
            norm.reset_running_stats()
            norm.momentum = None  # a plain average of all batches
    if mode == "standing":
        for number in range(PASSES):
            pass_through(copied, number)
        copied.eval()
    return copied


Precision = Literal["32-true", "bf16-mixed", "16-mixed"]
REDUCED = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}


@dataclass(frozen=True)
class SamplingOptions:
    """How images to be scored are made.

    Args:
        seed: of the noise.
        batch_size: of one pass of the generator.
        weights: the generator's moving average, where it has one, or its weights as trained.
        batch_norm: where its statistics come from.
        precision: in which the generator computes.
    """

    seed: NonNegativeInt = 0
    batch_size: PositiveInt = 64
    weights: Weights = "ema"
    batch_norm: BatchNorm = "eval"
    precision: Precision = "32-true"


def sample_images(
    model: AdversarialModule, options: SamplingOptions, rows: range, data: Any = None, direction: str = ""
) -> Iterator[Images]:
    """Images number `rows.start` to `rows.stop`, in batches on the model's device.

    An image is a function of the seed and its number, whatever the batches and the processes; only with `batch_norm:
    batch` does it depend on its batch. Torch's own random streams and the network in training are left alone.

    Args:
        model: any.
        options: how the images are made.
        rows: their numbers.
        data: the data module, for models that translate.
        direction: one of the model's directions.
    """

    def made(network: nn.Module, numbers: range, seed: int) -> Images:
        noise = [randomness.derive(seed, "scores", "dropout", direction, number) for number in numbers]
        # Entered anew for each batch: whoever takes the images must not find gradients switched off.
        with model.sampling(options.weights), _autocast(model, options), seeded(network, noise):
            return network(*model.scored_inputs(numbers, seed, data, direction))

    def pass_through(network: nn.Module, number: int) -> None:
        start = number * options.batch_size
        made(network, range(start, start + options.batch_size), randomness.derive(options.seed, "standing"))

    with model.sampling(options.weights) as generator:
        network = in_norm_mode(model.way(generator, direction), options.batch_norm, pass_through)
    for start in range(rows.start, rows.stop, options.batch_size):
        yield made(network, range(start, min(start + options.batch_size, rows.stop)), options.seed)


def effective_precision(model: AdversarialModule, options: SamplingOptions) -> str:
    """In which the generator computes: the options's, or that of its weights where they are not in float32."""
    true = {torch.float64: "64-true", torch.bfloat16: "bf16-true", torch.float16: "16-true"}
    return true.get(model.dtype, options.precision)  # type: ignore[arg-type]


def _autocast(model: AdversarialModule, options: SamplingOptions) -> Any:
    reduced = REDUCED.get(options.precision)
    return torch.autocast(model.device.type, reduced) if reduced else nullcontext()
