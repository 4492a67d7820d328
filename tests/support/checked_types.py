"""Checks of annotations in the rooms without tensors, from the import of this module on.

pyproject.toml names the other rooms, in which jaxtyping compares shapes too: each of its calls takes twenty times longer.
"""

from beartype import BeartypeConf
from beartype.claw import beartype_packages

ROOMS = [
    "__main__", "config", "devices", "durations", "exercises", "files", "grading", "launcher", "partials", "printable",
    "randomness", "recipes", "signals", "slurm", "values", "versions",
]  # fmt: skip

beartype_packages(
    [f"gan_lightning.{room}" for room in ROOMS], conf=BeartypeConf(is_pep484_tower=True, claw_is_pep526=False)
)
