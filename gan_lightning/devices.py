"""The device that a command computes on, and its name."""

import os

import torch


def device_of(name: str) -> torch.device:
    """Return one of torch's devices by name; `auto` is the accelerator if there is one, else the CPU.

    Raises:
        ValueError: if this machine has no such device.
    """
    try:
        found = torch.accelerator.current_accelerator(check_available=True) if name == "auto" else torch.device(name)
        device = found or torch.device("cpu")
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        *others, last = [f"device={each}" for each in _names()]
        raise ValueError(
            f"device={name} asks for a device that torch does not find on this machine; type {', '.join(others)} or "
            f"{last}"
        ) from error
    return device


def _names() -> list[str]:
    """Return the devices of this machine as they are typed."""
    found = torch.accelerator.current_accelerator(check_available=True)
    every = [f"{found.type}:{number}" for number in range(torch.accelerator.device_count())] if found else []
    return ["auto", "cpu", *every]


def device_name(device: torch.device) -> str:
    """Return what a device is called, with the number of cores for a CPU."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU, {os.cpu_count()} cores" if device.type == "cpu" else device.type


def look_for_cuda_without_nvml() -> None:
    """Let torch look for CUDA in its own way where there is no CUDA.

    Lightning makes it ask NVML, by an environment variable, so that a process may fork after the question. Without a
    driver each answer takes 50 microseconds, and Adam asks in every step.
    """
    if not torch.cuda.is_available():
        os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "0"
