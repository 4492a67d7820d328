"""Captions, headings and titles stand where they belong, and pictures stay as they are."""

import numpy as np
import pytest
from PIL import Image

from gan_lightning.reports.captions import GAP, captioned, headed, panels

GRAY = (90, 120, 150)


def pixels(picture):
    return np.asarray(picture.convert("RGB")).astype(int)


def has_text(part):
    """Whether some of a white part of a picture is dark, and its border is not."""
    assert min(part[0].min(), part[-1].min()) > 128, "letters are cut off"
    return part.min() < 128


@pytest.mark.parametrize("width", [68, 266, 530, 1042])
def test_a_caption_is_below_a_picture_that_stays_as_it_is(width):
    picture = Image.new("RGB", (width, 50), GRAY)
    found = captioned(picture, "epoch 3", "iteration 1,500", "D loss 0.612", "G loss 1.204")
    assert found.width == width
    assert (pixels(found)[:50] == GRAY).all()
    band = pixels(found)[50:]
    assert has_text(band)
    assert min(band[:, 0].min(), band[:, -1].min()) > 128, "no word is cut off at the sides"


def test_what_does_not_fit_in_a_line_follows_in_the_next():
    parts = ["epoch 3", "iteration 1,500", "D loss 0.612", "G loss 1.204"]
    heights = [captioned(Image.new("L", (width, 50)), *parts).height - 50 for width in (100, 600)]
    assert heights[0] >= 2 * heights[1]


def test_each_column_has_its_heading_in_its_middle():
    picture = Image.new("RGB", (6 * 66 + 2, 68), GRAY)
    found = headed(picture, ["x", "G(x)", "F(G(x))", "y", "", "G(F(y))"])
    assert (pixels(found)[-68:] == GRAY).all()
    band = pixels(found)[:-68]
    for number, part in enumerate(np.array_split(band, 6, axis=1)):
        dark = np.flatnonzero(part.min((0, 2)) < 128)
        assert bool(len(dark)) == (number != 4)
        if len(dark):
            assert (dark[0] + dark[-1]) / 2 == pytest.approx(33, abs=3)


def test_panels_are_of_one_size_and_their_pictures_begin_at_the_same_height():
    left, right = Image.new("L", (100, 40), 0), Image.new("RGB", (60, 80), GRAY)
    found = pixels(panels({"Real Images": left, "Fake Images": right}))
    band = found.shape[0] - 80
    assert found.shape[1] == 2 * 100 + GAP
    assert (found[band : band + 40, :100] == 0).all()
    assert (found[band + 40 :, :100] == 255).all()
    assert (found[band:, 100 + GAP + 20 : 100 + GAP + 80] == GRAY).all()
    assert has_text(found[:band, :100])
    assert has_text(found[:band, 100 + GAP :])
