"""The memory that this process has had, and the memory that it can have."""

import gc
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path

import torch

STATUS = Path("/proc/self/status")
PEAK_RESET = Path("/proc/self/clear_refs")
MEMINFO = Path("/proc/meminfo")
"""Files of Linux; a container may lack them or their lines, or forbid to write to the second."""


def forget_peak_memory() -> None:
    """Let `peak_memory` begin anew where the system can; elsewhere the peak only rises."""
    gc.collect()  # an earlier model is full of cycles, and would count again
    if torch.cuda.is_available():
        torch.cuda.empty_cache()  # the peak is of what is reserved, which a smaller model would leave as it is
        torch.cuda.reset_peak_memory_stats()
    with suppress(OSError):
        PEAK_RESET.write_text("5")


def peak_memory() -> int:
    """Return the most bytes that this process has had: on the GPU where there is one, else all of its memory."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_reserved()
    unit = 1 if sys.platform == "darwin" else 1024
    return _bytes(STATUS, "VmHWM") or unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def memory_at_hand() -> int:
    """Return the bytes that this process can have: the GPU's that are free and its own, or the machine's."""
    if torch.cuda.is_available():
        return torch.cuda.mem_get_info()[0] + torch.cuda.memory_reserved()
    free = _bytes(MEMINFO, "MemAvailable")
    free = free + _bytes(STATUS, "VmRSS") if free else os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = Path("/sys/fs/cgroup/memory.max")
    given = limit.read_text().strip() if limit.exists() else "max"
    return min(free, int(given)) if given.isdigit() else free


def _bytes(file: Path, name: str) -> int:
    """Return the bytes that a line `name:  1234 kB` of a file says; 0 if there is no such line or file."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)
