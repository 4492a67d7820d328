"""What every feature extractor is."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Float, Float32
from torch import Tensor, nn

from gan_lightning.metrics.images import Levels
from gan_lightning.types import ImageSet


class Extracted(NamedTuple):
    """Features of a batch of images, and class logits where the network has them."""

    features: Float32[Tensor, "B F"]
    logits: Float32[Tensor, "B K"] | None


class RawFeatures(NamedTuple):
    """The same in whatever precision the network gives."""

    features: Float[Tensor, "B F"]
    logits: Float[Tensor, "B K"] | None = None


@dataclass(frozen=True)
class Identity:
    """What two sets of features must have in common to be compared.

    Args:
        name: of the extractor; `inception` only where scores carry the names of the literature.
        sha256: of its weights.
        resize: what it does to the images' size first; `none` where it takes any.
        feature_dim: columns of its features.
        num_labels: classes of the data set that its logits stand for; None where they stand for others or are absent.
    """

    name: str
    sha256: str
    resize: str
    feature_dim: int
    num_labels: int | None = None

    def named(self, score: str, elsewhere: str | None = None) -> str:
        """The name of a score: Inception's alone are called as in the literature, others carry the extractor's."""
        return score if self.name == "inception" else f"{elsewhere or score}_{self.name}"


class Extractor(ABC):
    """Bytes in, features out: in evaluation mode, in float32 whatever the caller's precision, without gradients.

    It is no `nn.Module`, so that a module or callback that holds one does not put its weights into checkpoints.
    """

    network: nn.Module
    identity: Identity
    warnings: tuple[str, ...] = ()
    """What a reader of its scores should know, in sentences."""

    @abstractmethod
    def extract(self, levels: Levels) -> RawFeatures:
        """Features and logits of images on the network's device."""

    def prepare(self, train: ImageSet, test: ImageSet, folder: Path) -> None:  # noqa: B027
        """Make what depends on the data, before the first images come; most have nothing to do.

        Args:
            train: images and labels to learn from.
            test: images and labels to be judged on; may be the same.
            folder: where to keep what was made.
        """

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return next(self.network.parameters()).device

    def to(self, device: torch.device | str) -> None:
        """Move it."""
        self.network.to(device)

    def __call__(self, levels: Levels) -> Extracted:
        """Features on the extractor's device.

        Raises:
            ValueError: where features are not finite.
        """
        with torch.inference_mode(), full_precision(self.device):
            features, logits = self.extract(levels.to(self.device))
        if not features.isfinite().all():
            raise ValueError(f"features of the extractor {self.identity.name} must be finite; got NaN or infinity")
        return Extracted(features.float(), None if logits is None else logits.float())


@contextmanager
def full_precision(device: torch.device) -> Iterator[None]:
    """No autocast, and no TF32, which torch allows in convolutions by default and which moves scores."""
    products = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with (
            torch.autocast(device.type, enabled=False),
            torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False),
        ):
            yield
    finally:
        torch.set_float32_matmul_precision(products)


def weights_sha256(network: nn.Module) -> str:
    """The sha256 of all parameters and buffers by name, the same on every device."""
    digest = sha256()
    for name, values in network.state_dict().items():
        digest.update(f"{name} {values.dtype} {tuple(values.shape)}".encode())
        digest.update(values.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
