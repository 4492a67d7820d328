"""What configurations may ask for in interpolations: names of run folders, and facts of folders."""

from omegaconf import OmegaConf


def last_word(experiment: str | None, model: str) -> str:
    """`tutorial/jittor_lsgan_mnist` gives `jittor_lsgan_mnist`; without an experiment the model's name."""
    return (experiment or model).rsplit("/", 1)[-1]


def folder_name(number: int, overrides: str) -> str:
    """A sweep job's folder: its number and overrides, `/` as `-`, at most 100 characters."""
    return f"{number}_{overrides}".replace("/", "-")[:100]


def class_count(root: str) -> int:
    """Number of classes of a folder with one sub-folder for each.

    Raises:
        ValueError: where it has none.
    """
    from gan_lightning.data.folder import class_folders

    return len(class_folders(root))


def register() -> None:
    """Make them known to OmegaConf."""
    for resolver in (last_word, folder_name, class_count):
        OmegaConf.register_new_resolver(resolver.__name__, resolver, replace=True)
