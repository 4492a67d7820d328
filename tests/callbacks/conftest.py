"""What the tests of callbacks share."""

import pytest
from hydra.utils import instantiate

from gan_lightning.evaluation.scorer import Scorer
from support.playing import SMALL
from support.scoring import record


@pytest.fixture
def gan(composed):
    """Make a small GAN with the overrides given."""
    return lambda *overrides: instantiate(composed("model=dcgan", *SMALL, *overrides).model)


@pytest.fixture
def scripted(monkeypatch):
    """Give scores instead of computing them: the n-th scoring gets the n-th value."""

    def script(*values, **more):
        left = list(map(float, values))

        def score(self, model, options, num_images, moment):
            return [record(left.pop(0), moment.iteration, images_seen=moment.images_seen, **more)]

        monkeypatch.setattr(Scorer, "__call__", score)

    return script
