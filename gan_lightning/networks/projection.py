"""The head of a projection discriminator."""

from jaxtyping import Float
from torch import Tensor, nn

from gan_lightning.types import Labels, Logits, PositiveInt


class Projection(nn.Module):
    """Layer from features f [B, F] and labels y [B] to logits [B, 1]: linear(f) + <embedding(y), f>.

    Source: Miyato and Koyama 2018, arXiv:1802.05637, equation 4.

    Args:
        features: length F of a feature vector.
        num_classes: number of classes.
    """

    def __init__(self, features: PositiveInt, num_classes: PositiveInt) -> None:
        super().__init__()
        self.linear = nn.Linear(features, 1)
        self.embedding = nn.Embedding(num_classes, features)
        nn.init.xavier_uniform_(self.embedding.weight)

    def forward(self, features: Float[Tensor, "B F"], labels: Labels) -> Logits:
        return self.linear(features) + (self.embedding(labels) * features).sum(1, keepdim=True)
