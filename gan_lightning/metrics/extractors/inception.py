"""The Inception network of the literature's scores, by torch-fidelity."""

import io
import pickle
from typing import Literal

import torch
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from gan_lightning.metrics.extractors.extractor import Extractor, Identity, RawFeatures
from gan_lightning.metrics.extractors.weights import SHA256, Weights, read
from gan_lightning.metrics.levels import Levels
from gan_lightning.metrics.resize import Resize, clean

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
