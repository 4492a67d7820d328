"""Learned vectors of classes, also of mixtures of classes."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from gan_lightning.types import Classes


def embed(classes: Classes, vectors: Float[Tensor, "K F"]) -> Float[Tensor, "B F"]:
    """Return the vector of each image's class, or the weighted sum of the vectors of its mixture of classes.

    Examples:
        >>> import torch
        >>> vectors = torch.tensor([[0.0, 1.0], [10.0, 3.0]])
        >>> embed(torch.tensor([1]), vectors)
        tensor([[10.,  3.]])
        >>> embed(torch.tensor([[0.5, 0.5]]), vectors)
        tensor([[5., 2.]])

    Args:
        classes: labels [B], or weights [B, K] of all classes for each image.
        vectors: a vector for each class.
    """
    return classes @ vectors if classes.is_floating_point() else F.embedding(classes, vectors)


class ClassEmbedding(nn.Embedding):
    """An embedding of labels [B], which also takes weights [B, K] of all classes, so that an image may lie between two.

    Examples:
        >>> import torch
        >>> ClassEmbedding(10, 50)(torch.full((2, 10), 0.1)).shape
        torch.Size([2, 50])

    Args:
        num_classes: number K of classes.
        embedding_dim: length of a class's vector.
    """

    def forward(self, input: Classes) -> Float[Tensor, "B F"]:
        return embed(input, self.weight)
