"""Functions for interpolations in the configuration: names of run folders, and the number of a folder's classes."""

from omegaconf import OmegaConf


def last_word(experiment: str | None, model: str) -> str:
    """Return the last word of the experiment's name, such as `jittor_lsgan_mnist`; without one the model's name."""
    return (experiment or model).rsplit("/", 1)[-1]


def folder_name(number: int, overrides: str) -> str:
    """Return the folder of a sweep's job: its number and overrides, `/` as `-`, at most 100 characters."""
    return f"{number}_{overrides}".replace("/", "-")[:100]


def class_count(root: str) -> int:
    """Return the number of classes of a folder that has a sub-folder for each.

    Raises:
        ValueError: if it has none.
    """
    from gan_lightning.data.folder import class_folders

    return len(class_folders(root))


def register() -> None:
    """Make the functions known to OmegaConf."""
    for resolver in (last_word, folder_name, class_count):
        OmegaConf.register_new_resolver(resolver.__name__, resolver, replace=True)
