"""What the tests of models share."""

import pytest
from hydra.utils import instantiate

from support.playing import SMALL


@pytest.fixture
def gan(composed):
    return lambda *overrides: instantiate(composed("model=dcgan", *SMALL, *overrides).model)
