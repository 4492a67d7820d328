"""A generator in files of its own: weights, a program of torch.export, and ONNX, each compared with the module."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim

from gan_lightning.files import atomic_write
from gan_lightning.networks.sampling import SamplingDropout
from gan_lightning.types import Images

BATCHES = (1, 7)
"""Sizes of the batches in which what was exported is compared with the module."""
CLOSE = 1e-5
"""The largest difference of a pixel in [-1, 1] that is allowed."""
Inputs = tuple[Tensor, ...]
"""What the generator is given: latents [B, Z], latents and labels [B], or images [B, C, H, W]."""


def write_weights(network: nn.Module, card: Mapping[str, Any], file: Path) -> None:
    """Write a network's weights as safetensors, and beside them a card in JSON that says how to use them.

    Args:
        network: the generator.
        card: what it is and what it takes.
        file: the file of the weights; the card has the same name with `.json`.
    """
    from safetensors.torch import save

    weights = {name: weight.detach().cpu().contiguous() for name, weight in network.state_dict().items()}
    with atomic_write(file) as stream:
        stream.write(save(weights, {"format": "pt"}))
    with atomic_write(file.with_suffix(".json")) as stream:
        stream.write((json.dumps(card, indent=1, ensure_ascii=False) + "\n").encode())


def write_program(network: nn.Module, inputs: Inputs, file: Path) -> float:
    """Write a network as a program that torch alone runs, for batches of any size.

    Args:
        network: the generator in eval mode on the CPU.
        inputs: an example of its inputs, a batch of at least 2.
        file: the file, `.pt2`.

    Returns:
        The largest difference between its images and the module's.
    """
    program = torch.export.export(network, inputs, dynamic_shapes=_any_batch(inputs), strict=False)
    with atomic_write(file) as stream:
        torch.export.save(program, stream)
    return largest_difference(network, torch.export.load(file).module(), inputs)


def write_onnx(network: nn.Module, inputs: Inputs, names: Sequence[str], file: Path) -> float:
    """Write a network for ONNX runtimes, for batches of any size; the inputs have the given names.

    Returns:
        The largest difference between its images, from onnxruntime, and the module's.
    """
    import onnxruntime

    program = torch.onnx.export(
        network, inputs, input_names=list(names), output_names=["generated"], dynamo=True, verbose=False,
        dynamic_shapes=_any_batch(inputs),
    )  # fmt: skip
    assert program is not None
    with atomic_write(file) as stream:
        stream.write(program.model_proto.SerializeToString())
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])

    def run(*given: Tensor) -> Images:
        fed = {name: each.numpy() for name, each in zip(names, given, strict=True)}
        return torch.from_numpy(session.run(None, fed)[0])

    return largest_difference(network, run, inputs)


def check_onnx(network: nn.Module) -> None:
    """Check that a network can be written for ONNX runtimes.

    Raises:
        ValueError: if the extra `onnx` is not installed, or the network draws noise of its own.
    """
    if any(isinstance(layer, SamplingDropout) for layer in network.modules()):
        raise ValueError("formats must leave onnx out for a network whose noise is dropout, which ONNX cannot repeat")
    try:
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401 (torch.onnx needs it)
    except ImportError as error:
        raise ValueError(
            f"formats: onnx needs the package {error.name}; pip install 'gan-lightning-lab[onnx]', or leave onnx out"
        ) from error


def largest_difference(network: nn.Module, other: Callable[..., Images], inputs: Inputs) -> float:
    """Return by how much images in [-1, 1] differ at most, in batches of 1 and of 7.

    Noise that the network draws itself is the same on both sides, because torch's seed is set before each.
    """
    differences = []
    for rows in BATCHES:
        batch = tuple(each.repeat(rows, *[1] * (each.dim() - 1))[:rows] for each in inputs)
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(0)
            wanted = network(*batch)
            torch.manual_seed(0)
            differences.append(float((other(*batch) - wanted).abs().max()))
    return max(differences)


def _any_batch(inputs: Inputs) -> tuple[dict[int, Any], ...]:
    return tuple({0: Dim("batch", min=1, max=1 << 20)} for _ in inputs)
