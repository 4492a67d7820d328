"""Where Inception's weights are looked for, and whether they are the right ones."""

import os
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError

import torch
from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3

FILE = "weights-inception-2015-12-05-6726825d.pth"
SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
"""Of the official file, 95,628,359 bytes, whose name ends in its first eight digits."""
VARIABLE = "GAN_LIGHTNING_INCEPTION"


class Weights(NamedTuple):
    """A file of weights as it was read, so that what was checked is what is used."""

    file: Path
    content: bytes
    sha256: str
    is_official: bool


def read(given: str | None, download: bool) -> Weights:
    """The file that is named, else the one the environment names, else torch-fidelity's own in torch's cache.

    Raises:
        ValueError: where there is none, saying what to put where; where the cache's own file is not the official one.
    """
    named = given or os.environ.get(VARIABLE)
    file = Path(named).expanduser() if named else Path(torch.hub.get_dir()) / "checkpoints" / FILE
    if not file.is_file():
        if named or not download:
            raise ValueError(_missing(file, f"extractor.weights={given}" if given else f"{VARIABLE}={named}", named))
        _fetch(file)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ValueError(f"Inception's weights cannot be read from {file}: {error.strerror}") from error
    found = sha256(content).hexdigest()
    if not named and found != SHA256:
        raise ValueError(
            f"{file} must be Inception's official weights, whose sha256 is {SHA256}; got {found}, so it is "
            "damaged or another file: delete it, or name it by extractor.weights to use it all the same"
        )
    return Weights(file, content, found, found == SHA256)


def _missing(file: Path, where: str, named: str | None) -> str:
    what = f"{where} is no file" if named else f"{file} does not exist"
    return (
        f"extractor=inception needs the weights {FILE} (96 MB, sha256 {SHA256}), and {what}; put it there "
        f"({URL_INCEPTION_V3}), or name its place by extractor.weights or the environment variable {VARIABLE}, or set "
        "extractor.download=true, or take extractor=random, which needs no weights"
    )


def _fetch(file: Path) -> None:
    """Download to a temporary file beside it, which is moved there once its hash is right."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(URL_INCEPTION_V3, str(file), hash_prefix=SHA256, progress=False)
    except (URLError, OSError, RuntimeError) as error:
        raise ValueError(
            f"extractor.download=true could not fetch {FILE} ({error}); put the file at {file} by hand"
        ) from error
