"""Fitting any image to the data set's shape, and from bytes to floats."""

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_images
from torchvision.transforms import v2

from gan_lightning.data.folder import Folder
from gan_lightning.data.transforms import Shape, cropped, fitted, flipped, in_range
from support.small_files import picture


@pytest.mark.parametrize(("width", "height"), [(178, 218), (300, 60), (31, 31), (20, 50)])
@pytest.mark.parametrize("size", [32, 64])
@pytest.mark.parametrize("crop", [None, 178])
def test_fitting_equals_torchvisions_transforms(width, height, size, crop):
    given = picture(0, width, height)
    middle = [v2.CenterCrop((min(crop, height), min(crop, width)))] if crop else []
    expected = v2.Compose([*middle, v2.Resize(size, antialias=True), v2.CenterCrop(size), v2.PILToTensor()])(given)
    assert np.abs(fitted(given, Shape(size, 3, "crop", crop)).astype(int) - expected.numpy()).max() <= 1


@pytest.mark.parametrize(("small", "is_said"), [(1, False), (2, True)])
def test_a_run_says_when_most_of_its_images_are_enlarged(small, is_said, tmp_path, caplog):
    for number in range(3):
        picture(number, *((40, 20) if number < small else (40, 30))).save(tmp_path / f"{number}.png")
    data = Folder(root=str(tmp_path), image_size=32, channels=3, batch_size=2, cache=False)
    with caplog.at_level("INFO"):
        data.setup("fit")
    assert (f"train: {small} images are smaller than data.image_size=32, and enlarged" in caplog.text) is is_said


@pytest.mark.parametrize(("width", "height"), [(178, 218), (300, 60), (20, 50)])
@pytest.mark.parametrize("size", [32, 112])
def test_stretching_and_padding_equal_torchvisions_antialiased_resize(width, height, size):
    noisy = Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))

    def resized(rows, columns):
        return v2.Compose([v2.Resize((rows, columns), antialias=True), v2.PILToTensor()])(noisy).numpy().astype(int)

    stretched, padded = (fitted(noisy, Shape(size, 3, fit)).astype(int) for fit in ("stretch", "pad"))
    assert np.abs(stretched - resized(size, size)).max() <= 1
    rows, columns = (round(size * side / max(width, height)) for side in (height, width))
    top, left = round((size - rows) / 2), round((size - columns) / 2)
    inside = padded[:, top : top + rows, left : left + columns]
    assert np.abs(inside - resized(rows, columns)).max() <= 1
    assert padded.sum() == inside.sum(), "the borders are black"


def test_values_are_torchvisions_own_for_real_photographs(tmp_path):
    for number, photo in enumerate(load_sample_images().images):
        Image.fromarray(photo).save(tmp_path / f"{number}.png")
    for size in (32, 64, 100):
        module = Folder(root=str(tmp_path), image_size=size, channels=3, batch_size=2, cache_dir=str(tmp_path / "c"))
        module.setup("fit")
        expected = v2.Compose([v2.Resize(size, antialias=True), v2.CenterCrop(size), v2.PILToTensor()])
        for number in (0, 1):
            given = expected(Image.open(tmp_path / f"{number}.png")).numpy().astype(int)
            assert np.abs(module.train[0].pixels[number] - given).max() <= 1


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_a_wide_image_is_fitted_as_wanted(fit):
    wide = Image.new("RGB", (32, 16), "white")
    wide.paste("red", (0, 0, 8, 16))
    pixels = fitted(wide, Shape(16, 3, fit))
    red = (pixels[1] < 128) & (pixels[0] > 128)
    black = (pixels == 0).all(0)
    assert (red.mean().round(2), black.mean().round(2)) == {"crop": (0, 0), "pad": (0.12, 0.5), "stretch": (0.25, 0)}[
        fit
    ]


def test_modes_become_the_wanted_channels():
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    assert (fitted(clear, Shape(8, 3)) == 255).all(), "transparent is white, not the colour that hides beneath"
    for mode in ("1", "L", "P", "RGB", "RGBA", "CMYK", "LA", "YCbCr", "I;16", "I"):
        given = (
            picture(1, 9, 9).convert("L").convert(mode)
            if mode in ("LA", "I;16", "I")
            else picture(1, 9, 9).convert(mode)
        )
        assert fitted(given, Shape(8, 3)).shape == (3, 8, 8)
        assert fitted(given, Shape(8, 1)).shape == (1, 8, 8)


def test_a_crop_begins_at_its_row_and_column_and_a_flip_is_that_of_the_crop():
    pixels = torch.arange(2 * 5 * 5, dtype=torch.uint8).reshape(2, 1, 5, 5)
    crops = cropped(pixels, torch.tensor([[0, 2], [1, 0]]), 3)
    assert torch.equal(crops[0], pixels[0, :, 0:3, 2:5])
    assert torch.equal(crops[1], pixels[1, :, 1:4, 0:3])
    turned = flipped(crops, torch.tensor([True, False]))
    assert torch.equal(turned[0], crops[0].flip(-1))
    assert torch.equal(turned[1], crops[1])
    assert in_range(torch.tensor([0, 255], dtype=torch.uint8).reshape(1, 1, 1, 2), torch.float32).tolist() == [
        [[[-1, 1]]]
    ]
