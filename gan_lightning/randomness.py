"""Random numbers as a function of (seed, iteration, rank, row of the global batch).

Within `step` there are two streams. Torch's own differs on every rank; dropout uses it. The shared one is equal on
every rank: numbers that belong to an image (latents, interpolation weights) are drawn for the global batch, and each
rank keeps its own rows. So a run is the same on one device or two, and a resumed run continues exactly. Outside of
`step` all numbers come from torch's own stream, so that `torch.manual_seed` decides.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b

import torch
import torch.distributed as dist
from torch import Generator, Tensor

from gan_lightning.types import Latents

Stream = Generator | None
"""A source of random numbers, as torch's functions take it; None is torch's own."""
Distribution = Callable[[int, int, Stream, torch.device], Latents]
"""Draws latents [rows, columns] from a stream, on a device."""

_shared: dict[torch.device, Generator] = {}


def derive(*parts: int | str) -> int:
    """Return a 63-bit seed from any sequence of numbers and words, the same on every machine.

    Words may be names of files, whose bytes need not be UTF-8.
    """
    digest = blake2b("/".join(map(str, parts)).encode(errors="surrogateescape"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def rank_and_world_size() -> tuple[int, int]:
    """Return this process's rank and the number of processes; (0, 1) outside of distributed training."""
    if dist.is_available() and dist.is_initialized():
        return dist.get_rank(), dist.get_world_size()
    return 0, 1


@contextmanager
def step(seed: int, iteration: int, device: torch.device) -> Iterator[None]:
    """Set all streams to where an iteration of a run begins, and open the shared ones until the end of the block."""
    before = dict(_shared)
    own = derive(seed, iteration, "rank", rank_and_world_size()[0])
    torch.default_generator.manual_seed(own)  # torch.manual_seed would also queue a call for each absent device
    if device.type != "cpu":
        torch.get_device_module(device).manual_seed(own)
        _shared[torch.device("cpu")] = Generator().manual_seed(derive(seed, iteration, "host"))
    _shared[device] = Generator(device).manual_seed(derive(seed, iteration, "shared"))
    try:
        yield
    finally:
        _shared.clear()
        _shared.update(before)


def shared(device: torch.device) -> Stream:
    """Return the stream that is equal on all ranks; the CPU's is for choices that the host makes."""
    return _shared.get(device)


def draw_rows(draw: Callable[[int, Stream], Tensor], rows: int, device: torch.device) -> Tensor:
    """Draw random numbers for the images of the global batch, and return this rank's rows.

    Args:
        draw: takes a number of images and a stream, and returns the numbers for the images, [images, ...].
        rows: how many images this rank has.
        device: where the numbers are drawn.

    Examples:
        >>> draw_rows(lambda n, stream: torch.rand(n, 3, generator=stream), 4, torch.device("cpu")).shape
        torch.Size([4, 3])
    """
    return own_rows(draw(rows * rank_and_world_size()[1], shared(device)))


def all_gather(rows: Tensor) -> Tensor:
    """Return the global batch's rows, from this rank's [rows, ...]; every rank must call it."""
    world = rank_and_world_size()[1]
    if world == 1:
        return rows
    rows = rows.contiguous()  # the numbers are gathered as they lie in memory
    parts = [torch.empty_like(rows) for _ in range(world)]
    dist.all_gather(parts, rows)
    return torch.cat(parts)


def own_rows(rows: Tensor) -> Tensor:
    """Return this rank's part of the global batch's rows."""
    rank, world = rank_and_world_size()
    return rows if world == 1 else rows.chunk(world)[rank]


def normal(rows: int, columns: int, stream: Stream, device: torch.device) -> Latents:
    """Draw standard normal latents [rows, columns]."""
    return torch.randn(rows, columns, generator=stream, device=device)


def truncated_normal(rows: int, columns: int, stream: Stream, device: torch.device, limit: float) -> Latents:
    """Draw standard normal latents [rows, columns]; numbers beyond plus or minus `limit` are drawn again."""
    latents = normal(rows, columns, stream, device)
    while (beyond := latents.abs() > limit).any():
        latents[beyond] = torch.randn(int(beyond.sum()), generator=stream, device=device)
    return latents


def uniform(rows: int, columns: int, stream: Stream, device: torch.device) -> Latents:
    """Draw latents [rows, columns] that are uniform in [-1, 1)."""
    return 2 * torch.rand(rows, columns, generator=stream, device=device) - 1
