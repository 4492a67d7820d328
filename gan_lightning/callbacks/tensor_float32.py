"""Training in float32 with products of TensorFloat-32."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from lightning.pytorch.plugins.precision import Precision


class TensorFloat32(Precision):
    """Lets products of matrices in a training step have ten bits of mantissa, on devices that are faster so.

    Weights, sums and everything else stay float32. Outside of the step, as in scores, products are as precise as
    before.
    """

    @contextmanager
    def train_step_context(self) -> Iterator[None]:
        """Allow TensorFloat-32 while the context lasts."""
        before = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("high")
        try:
            yield
        finally:
            torch.set_float32_matmul_precision(before)
