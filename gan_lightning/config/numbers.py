"""Keys that take a whole number or a list of them."""

from typing import Any

from omegaconf import ListConfig


def numbers(key: str, value: Any, least: int) -> list[int]:
    """One number or a list, each once: what is scored twice is no second draw.

    Raises:
        ValueError: for anything else, naming the key.
    """
    every = list(value) if isinstance(value, ListConfig | list | tuple) else [value]
    if not every or not all(type(number) is int and number >= least for number in every):
        raise ValueError(f"{key} must be a whole number of at least {least}, or a list of them; got {value}")
    if len(set(every)) < len(every):
        raise ValueError(f"{key} must name each number once; got {value}")
    return every
