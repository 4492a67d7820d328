"""The projection discriminator's head."""

from jaxtyping import Float
from torch import Tensor, nn

from gan_lightning.types import Labels, Logits, PositiveInt


class Projection(nn.Module):
    """Features [B, F] and labels to logits [B, 1]: linear(f) + <embedding(label), f>.

    Source: Miyato and Koyama 2018, arXiv:1802.05637, equation 4.

    Args:
        features: F.
        num_classes: how many classes there are.
    """

    def __init__(self, features: PositiveInt, num_classes: PositiveInt) -> None:
        super().__init__()
        self.linear = nn.Linear(features, 1)
        self.embedding = nn.Embedding(num_classes, features)
        nn.init.xavier_uniform_(self.embedding.weight)

    def forward(self, features: Float[Tensor, "B F"], labels: Labels) -> Logits:
        return self.linear(features) + (self.embedding(labels) * features).sum(1, keepdim=True)
