"""Images in [-1, 1] become uint8 exactly."""

import pytest
import torch

from gan_lightning.metrics.images import to_uint8

EVERY = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.uint8])
def test_every_level_comes_back_as_it_was(dtype):
    images = EVERY if dtype == torch.uint8 else EVERY.to(dtype) / 127.5 - 1
    assert (to_uint8(images) == EVERY.expand(1, 3, 16, 16)).all()


def test_values_between_levels_are_rounded_and_not_cut_off():
    between = torch.tensor([99.4, 99.6, 254.9]) / 127.5 - 1
    assert to_uint8(between.reshape(1, 1, 1, 3))[0, 0, 0].tolist() == [99, 100, 255]


def test_gray_is_repeated_and_colour_kept_in_order():
    colour = torch.tensor([-1.0, 0.0, 1.0]).reshape(1, 3, 1, 1)
    assert to_uint8(colour).flatten().tolist() == [0, 128, 255]
    assert to_uint8(colour[:, 2:]).flatten().tolist() == [255, 255, 255]


def test_images_in_half_precision_and_of_any_contrast_keep_their_meaning():
    dim = torch.linspace(-0.1, 0.1, 12).reshape(1, 3, 2, 2)
    assert (to_uint8(dim.bfloat16()).int() - to_uint8(dim).int()).abs().max() <= 1
    assert to_uint8(dim).max() < 142


@pytest.mark.parametrize(
    ("images", "sentence"),
    [
        (torch.full((1, 3, 2, 2), torch.nan), "finite numbers; got NaN or infinity"),
        (torch.full((1, 3, 2, 2), torch.inf), "finite numbers; got NaN or infinity"),
        (torch.full((1, 3, 2, 2), 1.1), r"in \[-1, 1\]; got values from 1.1 to 1.1"),
        (torch.full((1, 3, 2, 2), -2.0), r"in \[-1, 1\]; got values from -2 to -2"),
        (torch.zeros(1, 2, 2, 2), "1 or 3 channels; got 2"),
        (torch.zeros(1, 3, 2, 2, dtype=torch.int64), r"floats in \[-1, 1\] or uint8; got torch.int64"),
    ],
)
def test_what_are_no_images_is_refused_in_a_sentence(images, sentence):
    with pytest.raises(ValueError, match=sentence):
        to_uint8(images)


def test_one_bad_number_among_good_ones_is_found():
    images = torch.zeros(4, 3, 8, 8)
    images[2, 1, 3, 3] = torch.nan
    with pytest.raises(ValueError, match="NaN"):
        to_uint8(images)
