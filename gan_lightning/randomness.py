"""Random numbers as a function of (seed, iteration, place in the global batch).

Two streams are set at the start of each step. Torch's own is different on every rank; dropout uses it. The shared one
is equal on every rank: whoever draws per-image numbers (latents, interpolation weights) draws them for the global
batch and keeps this rank's rows. So a run is the same on one device or two, and a resumed run continues exactly.
"""

from collections.abc import Callable
from hashlib import blake2b

import torch
import torch.distributed as dist
from torch import Generator, Tensor

from gan_lightning.types import Latents

Distribution = Callable[[int, int, Generator], Latents]
"""Draws latents [rows, columns] from a stream."""

_shared: dict[torch.device, Generator] = {}


def derive(*parts: int | str) -> int:
    """A 63-bit seed from any sequence of numbers and words, the same on every machine."""
    digest = blake2b("/".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def rank_and_world_size() -> tuple[int, int]:
    """This process's rank and the number of processes; (0, 1) outside of distributed training."""
    if dist.is_available() and dist.is_initialized():
        return dist.get_rank(), dist.get_world_size()
    return 0, 1


def start_step(seed: int, iteration: int, device: torch.device) -> None:
    """Set both streams to where iteration `iteration` of a run with `seed` begins."""
    own = derive(seed, iteration, "rank", rank_and_world_size()[0])
    torch.default_generator.manual_seed(own)  # torch.manual_seed would also queue a call for each absent device
    if device.type != "cpu":
        torch.get_device_module(device).manual_seed(own)
        shared(torch.device("cpu")).manual_seed(derive(seed, iteration, "host"))
    shared(device).manual_seed(derive(seed, iteration, "shared"))


def shared(device: torch.device) -> Generator:
    """The stream that is equal on all ranks; the CPU's is for choices that the host makes."""
    if device not in _shared:
        _shared[device] = Generator(device)
    return _shared[device]


def of_global_batch(draw: Callable[[int], Tensor], rows: int) -> Tensor:
    """This rank's `rows` rows of what `draw` gives for the global batch's."""
    return own_rows(draw(rows * rank_and_world_size()[1]))


def all_gather(rows: Tensor) -> Tensor:
    """The global batch's rows, from this rank's; every rank must ask."""
    world = rank_and_world_size()[1]
    if world == 1:
        return rows
    everyones = [torch.empty_like(rows) for _ in range(world)]
    dist.all_gather(everyones, rows.contiguous())
    return torch.cat(everyones)


def own_rows(rows: Tensor) -> Tensor:
    """This rank's of the global batch's rows."""
    rank, world = rank_and_world_size()
    return rows.chunk(world)[rank]


def normal(rows: int, columns: int, stream: Generator) -> Latents:
    """Standard normal latents [rows, columns]."""
    return torch.randn(rows, columns, generator=stream, device=stream.device)


def uniform(rows: int, columns: int, stream: Generator) -> Latents:
    """Latents [rows, columns], uniform in [-1, 1)."""
    return 2 * torch.rand(rows, columns, generator=stream, device=stream.device) - 1
