"""Names of run folders, as OmegaConf resolvers."""

from omegaconf import OmegaConf


def last_word(experiment: str | None, model: str) -> str:
    """`tutorial/jittor_lsgan_mnist` gives `jittor_lsgan_mnist`; without an experiment the model's name."""
    return (experiment or model).rsplit("/", 1)[-1]


def folder_name(number: int, overrides: str) -> str:
    """A sweep job's folder: its number and overrides, `/` as `-`, at most 100 characters."""
    return f"{number}_{overrides}".replace("/", "-")[:100]


def register() -> None:
    """Make the names known to configurations."""
    OmegaConf.register_new_resolver("last_word", last_word, replace=True)
    OmegaConf.register_new_resolver("folder_name", folder_name, replace=True)
