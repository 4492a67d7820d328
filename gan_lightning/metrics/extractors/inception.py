"""The Inception network of published scores, by torch-fidelity, and its weights file."""

import io
import os
import pickle
from hashlib import sha256
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.error import URLError

import torch
from jaxtyping import Float32
from torch import Tensor
from torch.nn import functional as F
from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3, FeatureExtractorInceptionV3

from gan_lightning.metrics.extractors.extractor import Extractor, Identity, RawFeatures
from gan_lightning.metrics.images import Levels

Resize = Literal["legacy", "clean"]
"""`legacy` is TensorFlow 1's bilinear one without antialiasing, which published scores mostly use; or `clean`."""
SIDE = 299
"""Of Inception's input."""


def clean(levels: Levels) -> Float32[Tensor, "B 3 299 299"]:
    """Antialiased bicubic interpolation of each channel as floats, cut to [0, 255] and not rounded.

    It is Pillow's filter: the two differ by less than a hundredth of a level.
    """
    return F.interpolate(levels.float(), (SIDE, SIDE), mode="bicubic", antialias=True).clamp(0, 255)


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


Layer = Literal["64", "192", "768", "2048"]
LAST: Layer = "2048"


class Inception(Extractor):
    """Inception v3 as in TensorFlow's graph of 2015-12-05 (Szegedy et al. 2015, arXiv:1512.00567).

    With the last layer the scores are FID, KID and the Inception score. With an earlier one they are not,
    they are named after it, and there are no logits.

    Args:
        weights: a file; without one the environment variable GAN_LIGHTNING_INCEPTION, then torch's cache.
        resize: `legacy` or `clean`.
        layer: whose pooled outputs are the features; its name is their number.
        download: fetch missing weights.

    Raises:
        ValueError: where the weights are missing, damaged or another network's.
    """

    def __init__(
        self,
        weights: str | None = None,
        resize: Resize = "legacy",
        layer: Layer = LAST,
        download: bool = False,
    ) -> None:
        found = read(weights, download)
        self.network = _built(found, [layer, "logits_unbiased"] if layer == LAST else [layer])
        self.resize = resize
        name = "inception" if layer == LAST else f"inception_{layer}"
        self.identity = Identity(name, found.sha256, resize, int(layer))
        if not found.is_official:
            self.warnings = (
                f"Inception's weights are not the official ones ({found.sha256[:8]}, not {SHA256[:8]}): the scores "
                "cannot be compared with published ones.",
            )

    def extract(self, levels: Levels) -> RawFeatures:
        return RawFeatures(*(self.network(levels) if self.resize == "legacy" else self._of_clean(levels)))

    def _of_clean(self, levels: Levels) -> tuple[torch.Tensor, ...]:
        """The network takes bytes only; its first layer is handed the values that clean-fid leaves unrounded."""
        resized = clean(levels)
        first = self.network.get_submodule("Conv2d_1a_3x3")
        handle = first.register_forward_pre_hook(lambda *_: ((resized - 128) / 128,))
        try:
            return self.network(resized.to(torch.uint8))
        finally:
            handle.remove()


def _built(weights: Weights, layers: list[str]) -> FeatureExtractorInceptionV3:
    """The network, once the file is known to hold tensors only: torch-fidelity would run whatever is in it."""
    try:
        torch.load(io.BytesIO(weights.content), map_location="cpu", weights_only=True)
        with torch.random.fork_rng(devices=[]):  # layers are initialised before they are loaded
            return FeatureExtractorInceptionV3(
                "inception", layers, feature_extractor_weights_path=io.BytesIO(weights.content)
            )
    except (RuntimeError, pickle.UnpicklingError, EOFError, OSError, ValueError, TypeError, KeyError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(
            f"{weights.file} must hold torch-fidelity's Inception weights; torch says: {reason}"
        ) from error
