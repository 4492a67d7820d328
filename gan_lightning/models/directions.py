"""Directions of models that translate: `xy` makes y of x, `yx` the other way; empty for models that have none."""


def source(direction: str) -> int:
    """The number of the domain that is translated."""
    return "xy".index(direction[0]) if direction else 0


def target(direction: str) -> int:
    """The number of the domain that the images are held against."""
    return "xy".index(direction[1]) if direction else 0
