"""The base class of feature extractors, what they return and what identifies them."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gan_lightning.metrics.images import UInt8Images
from gan_lightning.types import ImageSet


class ExtractorOutput(NamedTuple):
    """Features of a batch of images, and class logits if the network has them."""

    features: Float[Tensor, "B F"]
    logits: Float[Tensor, "B K"] | None = None


@dataclass(frozen=True)
class ExtractorIdentity:
    """What two sets of features must have in common to be comparable.

    Args:
        name: of the extractor; scores have their names in the literature only if it is `inception`.
        sha256: hash of the extractor's weights.
        resize: how images are resized first; `none` if the extractor takes any size.
        feature_dim: number of features.
        num_classes: number of logits if they are those of the data set's classes; otherwise None.
    """

    name: str
    sha256: str
    resize: str
    feature_dim: int
    num_classes: int | None = None

    def score_name(self, literature: str, stem: str | None = None) -> str:
        """Return the name of a score of these features.

        Args:
            literature: the name in the literature, which the score has with Inception.
            stem: what precedes the extractor's name with any other extractor; None for the name in the literature.
        """
        return literature if self.name == "inception" else f"{stem or literature}_{self.name}"


class Extractor(ABC):
    """A frozen network that computes features of images.

    It runs in evaluation mode, without gradients and in float32 whatever the caller's precision is. It is not an
    `nn.Module`, so that its weights stay out of the checkpoints of a module or callback that holds it.

    >>> from gan_lightning.metrics.extractors.random import Random
    >>> from gan_lightning.metrics.images import to_uint8
    >>> images = torch.zeros(4, 3, 32, 32)
    >>> Random(width=64)(to_uint8(images)).features.shape
    torch.Size([4, 128])
    """

    network: nn.Module
    identity: ExtractorIdentity
    warnings: tuple[str, ...] = ()
    """What a reader of the scores should know about the extractor, in sentences."""

    @abstractmethod
    def extract(self, images: UInt8Images) -> ExtractorOutput:
        """Compute features and logits of images on the network's device, in any floating-point precision."""

    def prepare(self, train: ImageSet, test: ImageSet, folder: Path) -> None:  # noqa: B027
        """Make what depends on the data set before the first images come; most extractors have nothing to do.

        Args:
            train: images and labels to be trained on.
            test: images and labels to be tested on; may be the same set.
            folder: where to keep what was made.
        """

    @property
    def device(self) -> torch.device:
        """The device of the network."""
        return next(self.network.parameters()).device

    def to(self, device: torch.device | str) -> None:
        """Move the network to a device."""
        self.network.to(device)

    def __call__(self, images: UInt8Images) -> ExtractorOutput:
        """Compute features and logits in float32, on the extractor's device.

        Raises:
            ValueError: if features are NaN or infinite.
        """
        with torch.inference_mode(), full_precision(self.device):
            features, logits = self.extract(images.to(self.device))
        if not features.isfinite().all():
            raise ValueError(f"features of the extractor {self.identity.name} must be finite; got NaN or infinity")
        return ExtractorOutput(features.float(), None if logits is None else logits.float())


@contextmanager
def full_precision(device: torch.device) -> Iterator[None]:
    """Turn off autocast and TF32, which torch allows in convolutions by default and which changes scores."""
    precision = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with (
            torch.autocast(device.type, enabled=False),
            torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False),
        ):
            yield
    finally:
        torch.set_float32_matmul_precision(precision)


def weights_sha256(network: nn.Module) -> str:
    """Return the sha256 of the names and values of all parameters and buffers; it is the same on every device."""
    digest = sha256()
    for name, values in network.state_dict().items():
        digest.update(f"{name} {values.dtype} {tuple(values.shape)}".encode())
        digest.update(values.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
