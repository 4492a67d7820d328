"""Data sets by their configuration."""

import pytest
from hydra.utils import instantiate

from support.batches import epoch_of


@pytest.fixture
def epoch(composed, roots):
    """All batches of a data set's first epoch, by its name and overrides."""

    def batches(data, *overrides):
        return epoch_of(instantiate(composed(f"data={data}", "data.image_size=16", *roots[data], *overrides).data))

    return batches
