"""Features of the Inception network that published scores use, computed by torch-fidelity."""

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

from gan_lightning.metrics.extractors.extractor import Extractor, ExtractorIdentity, ExtractorOutput
from gan_lightning.metrics.images import UInt8Images
from gan_lightning.types import FilePath

Layer = Literal["64", "192", "768", "2048"]
LAST_LAYER: Layer = "2048"
Resize = Literal["legacy", "clean"]
INPUT_SIZE = 299
"""Height and width of Inception's input."""
WEIGHTS_FILE = "weights-inception-2015-12-05-6726825d.pth"
OFFICIAL_SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
"""The hash of the official file, which has 95,628,359 bytes and whose name ends in the hash's first eight digits."""
WEIGHTS_VARIABLE = "GAN_LIGHTNING_INCEPTION"
"""The environment variable that names a file of weights."""


class Inception(Extractor):
    """Inception v3 as in TensorFlow's graph of 2015-12-05 (Szegedy et al. 2015, arXiv:1512.00567).

    Features of the last layer give FID, KID and the Inception score. An earlier layer has no logits, and the scores of
    its features carry its name.

    Args:
        weights: a file; None for the one that the environment variable GAN_LIGHTNING_INCEPTION names, or else the one
            in torch's cache.
        resize: `legacy` for TensorFlow 1's bilinear resizing without antialiasing, which most published scores use, or
            `clean` for antialiased bicubic resizing.
        layer: the layer whose pooled outputs are the features, named by their number.
        download: whether missing weights are downloaded to torch's cache.

    Raises:
        ValueError: if the weights are missing, damaged or those of another network.
    """

    def __init__(
        self,
        weights: FilePath | None = None,
        resize: Resize = "legacy",
        layer: Layer = LAST_LAYER,
        download: bool = False,
    ) -> None:
        file = read_weights(weights, download)
        self.network = _build_network(file, [layer, "logits_unbiased"] if layer == LAST_LAYER else [layer])
        self.resize = resize
        name = "inception" if layer == LAST_LAYER else f"inception_{layer}"
        self.identity = ExtractorIdentity(name, file.sha256, resize, int(layer))
        if not file.is_official:
            self.warnings = (
                f"Inception's weights are not the official ones ({file.sha256[:8]}, not {OFFICIAL_SHA256[:8]}), so the "
                "scores cannot be compared with published ones.",
            )

    def to(self, device: torch.device | str) -> None:
        """Move the network to a device; on a CPU its weights are channels-last, in which it takes less time."""
        on_cpu = torch.device(device).type == "cpu"
        self.network.to(device).to(memory_format=torch.channels_last if on_cpu else torch.contiguous_format)

    def extract(self, images: UInt8Images) -> ExtractorOutput:
        return ExtractorOutput(*(self.network(images) if self.resize == "legacy" else self._extract_clean(images)))

    def _extract_clean(self, images: UInt8Images) -> tuple[Tensor, ...]:
        """Run the network on resized images that are not rounded.

        The network takes uint8 only, so a hook hands the unrounded values to its first layer.
        """
        resized = resize_clean(images)
        first = self.network.get_submodule("Conv2d_1a_3x3")
        handle = first.register_forward_pre_hook(lambda *_: ((resized - 128) / 128,))
        try:
            return self.network(resized.to(torch.uint8))
        finally:
            handle.remove()


def resize_clean(images: UInt8Images) -> Float32[Tensor, "B 3 299 299"]:
    """Resize images by antialiased bicubic interpolation, clamped to [0, 255] and not rounded, as clean-fid does.

    The filter is Pillow's; the results differ from Pillow's by less than 0.01 on the scale from 0 to 255.
    """
    return F.interpolate(images.float(), (INPUT_SIZE, INPUT_SIZE), mode="bicubic", antialias=True).clamp(0, 255)


class Weights(NamedTuple):
    """The bytes of a weights file, read once so that the hash is that of the weights in use."""

    file: Path
    content: bytes
    sha256: str
    is_official: bool


def read_weights(given: str | None, download: bool) -> Weights:
    """Read the given file, or else the one that the environment names, or else torch-fidelity's own in torch's cache.

    Raises:
        ValueError: if there is no file, or if the one in torch's cache is not the official one.
    """
    named = given or os.environ.get(WEIGHTS_VARIABLE)
    file = Path(named).expanduser() if named else Path(torch.hub.get_dir()) / "checkpoints" / WEIGHTS_FILE
    if not file.is_file():
        if named or not download:
            key = f"extractor.weights={given}" if given else f"{WEIGHTS_VARIABLE}={named}"
            raise ValueError(_explain_missing(file, f"{key} is not a file" if named else f"{file} does not exist"))
        _download(file)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ValueError(f"Inception's weights cannot be read from {file}: {error.strerror}") from error
    found = sha256(content).hexdigest()
    if not named and found != OFFICIAL_SHA256:
        raise ValueError(
            f"{file} must be Inception's official weights, whose sha256 is {OFFICIAL_SHA256}; got {found}, so it is "
            "damaged or another file: delete it, or name it by extractor.weights to use it all the same"
        )
    return Weights(file, content, found, found == OFFICIAL_SHA256)


def _explain_missing(file: Path, reason: str) -> str:
    return (
        f"extractor=inception needs the weights {WEIGHTS_FILE} (96 MB, sha256 {OFFICIAL_SHA256}), and {reason}; put "
        f"the file there ({URL_INCEPTION_V3}), or name its path by extractor.weights or the environment variable "
        f"{WEIGHTS_VARIABLE}, or set extractor.download=true, or use extractor=random, which needs no weights"
    )


def _download(file: Path) -> None:
    """Download the official weights; torch moves them to the file once their hash is right."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(URL_INCEPTION_V3, str(file), hash_prefix=OFFICIAL_SHA256, progress=False)
    except (URLError, OSError, RuntimeError) as error:
        raise ValueError(
            f"extractor.download=true could not fetch {WEIGHTS_FILE} ({error}); put the file at {file} by hand"
        ) from error


def _build_network(weights: Weights, layers: list[str]) -> FeatureExtractorInceptionV3:
    """Build the network once the file is known to hold only tensors; torch-fidelity would run any code in it."""
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
