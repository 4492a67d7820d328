"""Of whom features and scores are made."""

from importlib.metadata import version

from gan_lightning import __version__

LIBRARIES = ("torch", "torchvision", "torch-fidelity", "numpy")


def versions() -> dict[str, str]:
    """This project's and the libraries'."""
    return {"gan_lightning": __version__, **{library: version(library) for library in LIBRARIES}}
