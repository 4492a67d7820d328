"""The types that data, models, networks and losses share."""

from collections.abc import Callable
from typing import Annotated, NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from gan_lightning.values import AtLeast, Called, Existing, LessThan

Images = Float[Tensor, "B C H W"]
"""A batch of images; their values are in [-1, 1] from the end of the data module to the logger."""
Latents = Float[Tensor, "B Z"]
Labels = Int[Tensor, " B"]
Classes = Labels | Float[Tensor, "B K"]
"""What a generator by class is given: labels, or for each image weights of all K classes that add up to 1."""
Logits = Float[Tensor, "B ..."]
"""A discriminator's raw outputs, to which no sigmoid is applied."""
Scalar = Float[Tensor, ""]
Terms = dict[str, Scalar]
"""Named, weighted parts of a loss; their sum is what a player minimises."""
Critic = Callable[[Images], Logits]
"""A discriminator with its condition, if any, already bound."""


class DiscriminatorOutput(NamedTuple):
    """All outputs of a discriminator for a batch of images, from one forward pass.

    A discriminator that has nothing but logits of one head may return the bare tensor.

    Args:
        logits: one tensor for each head, [B, ...]; the other dimensions may differ between heads.
        features: hidden feature maps [B, ...], from the image on, head after head.
        class_logits: [B, K] raw scores of K classes; None where the network has no class head.
    """

    logits: tuple[Logits, ...]
    features: tuple[Float[Tensor, "B ..."], ...] = ()
    class_logits: Float[Tensor, "B K"] | None = None

    def rows(self, index: Tensor | slice) -> "DiscriminatorOutput":
        """Return the outputs for some of the images."""
        classes = self.class_logits
        return DiscriminatorOutput(
            tuple(head[index] for head in self.logits),
            tuple(maps[index] for maps in self.features),
            None if classes is None else classes[index],
        )


Discriminator = Callable[[Images], Logits | DiscriminatorOutput]
"""A discriminator with its condition already bound, which returns all its outputs or bare logits."""


class Unlabelled(NamedTuple):
    """A batch of images."""

    images: Images


class Labelled(NamedTuple):
    """A batch of images with their class numbers."""

    images: Images
    labels: Labels


class Pair(NamedTuple):
    """A batch from two domains."""

    x: Images
    y: Images


class Aligned(Pair):
    """A batch from two domains whose images belong together, row by row."""


Batch = Unlabelled | Labelled | Pair | Aligned


@runtime_checkable
class ImageSet(Protocol):
    """Images of one size in bytes, by number, with a hash of what they are."""

    @property
    def labels(self) -> np.ndarray | None:
        """Class numbers [N]; None if there are none."""

    @property
    def fingerprint(self) -> str:
        """A hash of pixels and labels."""

    def __len__(self) -> int: ...

    def rows(self, indices: list[int]) -> np.ndarray:
        """Pixels [n, C, H, W] of some images."""


PositiveInt = Annotated[int, AtLeast(1)]
NonNegativeInt = Annotated[int, AtLeast(0)]
Number = float | int
NonNegativeFloat = Annotated[Number, AtLeast(0)]
Share = Annotated[Number, AtLeast(0), LessThan(1)]
Checkpoint = str | int
"""`last`, `best` or a file, whose name may be a number."""
NewFolder = Annotated[str, Called("FOLDER")]
FilePath = Annotated[str, Existing("file")]
ImagesRoot = Annotated[
    str, Existing("folder or .zip file", unless="download", holds="images, in it or in any sub-folder")
]
RunPath = Annotated[str, Existing("path", "be a checkpoint or a run folder with checkpoints")]
ImagesPath = Annotated[str, Existing("folder", "name a folder with images", holds="images, in it or in any sub-folder")]
