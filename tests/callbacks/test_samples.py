"""The colours of grids."""

import numpy as np
import pytest
from hydra.utils import instantiate
from PIL import Image

from support.playing import SMALL, play


@pytest.mark.parametrize("value", [-0.5, 0.0, 0.5])
def test_colours_are_those_of_the_range_of_images_and_not_of_each_grid(value, composed, tmp_path):
    config = composed("model=dcgan", *SMALL, "data.channels=1", run_dir=tmp_path)
    model, samples = instantiate(config.model), instantiate(config.callbacks.samples)
    # Flat images, which would all be black if a grid's own darkest and brightest pixel made its range.
    model.generator.forward = lambda latents: value + 0 * model.generator.net(latents)
    play(model, max_steps=1, callbacks=[samples])
    shown = np.asarray(Image.open(tmp_path / "samples" / "0000000.png"), float)
    assert shown.max() == pytest.approx((value + 1) * 127.5, abs=1)
    assert (shown == shown.max()).mean() > 0.9, "all but the lines between the images"
