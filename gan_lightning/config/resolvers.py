"""Functions for interpolations in the configuration: names of run folders, and the number of a folder's classes."""

import re

from omegaconf import OmegaConf


def run_name(experiment: str | None, model: str, data: str) -> str:
    """Return the last word of the experiment, such as `jittor_lsgan_mnist`, or the model, and the data if not in it.

    TensorBoard names a run after its folder, in which `acgan_digits_digits` would be long and say nothing more.
    """
    name = (experiment or model).rsplit("/", 1)[-1]
    return name if data.split("_")[0] in name.split("_") else f"{name}_{data}"


def folder_name(number: int, overrides: str) -> str:
    """Return the folder of a sweep's job: its number, counted from 1, and what distinguishes it, at most 80 characters.

    Characters that mean something to a shell or a file system become `-`.
    """
    return re.sub(r"[^\w.,=+-]+", "-", f"{number + 1}_{overrides}")[:80].rstrip("_-")


def class_count(root: str) -> int:
    """Return the number of classes of a folder or zip file that has a sub-folder for each, or a `dataset.json`.

    Raises:
        ValueError: if it has none.
    """
    from gan_lightning.data.class_folders import class_names

    return len(class_names(root))


def register() -> None:
    """Make the functions known to OmegaConf."""
    for resolver in (run_name, folder_name, class_count):
        OmegaConf.register_new_resolver(resolver.__name__, resolver, replace=True)
