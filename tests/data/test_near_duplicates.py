"""Images that look the same, and images that are seldom meant: found, and others left alone."""

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from sklearn.datasets import load_sample_image

from gan_lightning.data import flaws, near_duplicates
from gan_lightning.data.digits import Digits
from gan_lightning.data.transforms import Shape, fitted

PHOTOS = [Image.fromarray(load_sample_image(name)) for name in ("china.jpg", "flower.jpg")]


def crops(count=60):
    """Crops of photographs, in random places and sizes."""
    rng = np.random.default_rng(0)
    found = []
    for number in range(count):
        side = int(rng.integers(100, 400))
        x, y = int(rng.integers(0, 640 - side)), int(rng.integers(0, 427 - side))
        found.append(PHOTOS[number % 2].crop((x, y, x + side, y + side)))
    return found


def gray(images, size=64):
    return np.stack([fitted(image, Shape(size, 3)).mean(0, dtype=np.float32) for image in images])


def jpeg(image, quality):
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return Image.open(stream)


CHANGED = {
    "jpeg": lambda image: jpeg(image, 50),
    "resized": lambda image: image.resize((70, 70)),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.05),
    "coloured": lambda image: ImageEnhance.Color(image).enhance(1.2),
    "shifted": lambda image: image.crop((1, 1, *image.size)),
}


@pytest.mark.parametrize("change", CHANGED)
def test_a_changed_copy_is_found_and_other_crops_of_a_photograph_are_not(change):
    images = crops()
    groups = near_duplicates.groups_of(*near_duplicates.hashed(gray([*images, *map(CHANGED[change], images)])))
    found = [group for group in groups if group == [group[0], group[0] + len(images)]]
    assert len(found) >= 0.93 * len(images)
    assert len(groups) - len(found) <= 2, "nothing else is alike"


def test_digits_of_one_class_are_not_taken_for_copies():
    (digits,) = Digits(image_size=32, channels=1, batch_size=1, cache="off", test_fraction=0).fitted_images("train")
    levels = digits.rows(list(range(len(digits))))[:, 0].astype(np.float32)
    assert sum(map(len, near_duplicates.groups_of(*near_duplicates.hashed(levels)))) < 0.03 * len(levels)
    assert flaws.have_border(levels).mean() < 0.02


def test_each_hash_is_compared_with_64_others_however_many_there_are_and_alike_they_begin(monkeypatch):
    compared = []
    count = np.bitwise_count
    monkeypatch.setattr(np, "bitwise_count", lambda words: compared.append(len(words)) or count(words))
    rng = np.random.default_rng(0)
    number = 20_000
    hashes = rng.integers(0, 256, (number, 32), dtype=np.uint8)
    hashes[: number // 2, :20] = 0
    thumbnails = rng.integers(0, 256, (number, 16, 16), dtype=np.uint8)
    hashes[100], thumbnails[100] = hashes[15_000], thumbnails[15_000]
    hashes[100, 3] ^= 5
    assert near_duplicates.groups_of(hashes, thumbnails) == [[100, 15_000]]
    assert sum(compared) <= 64 * number


def test_very_many_images_that_are_alike_are_compared_in_chunks_and_a_sentence_says_where_the_search_stopped(
    monkeypatch, caplog
):
    looked_at = []
    standardised = near_duplicates._standardised
    monkeypatch.setattr(
        near_duplicates, "_standardised", lambda part: looked_at.append(len(part)) or standardised(part)
    )
    monkeypatch.setattr(near_duplicates, "CHUNK", 500)
    monkeypatch.setattr(near_duplicates, "MOST_PAIRS", 10_000)
    rng = np.random.default_rng(0)
    hashes = np.repeat(rng.integers(0, 256, (1, 32), dtype=np.uint8), 4_000, axis=0)
    thumbnails = np.repeat(rng.integers(0, 256, (1, 16, 16), dtype=np.uint8), 4_000, axis=0)
    thumbnails[::2] = 7
    assert near_duplicates.groups_of(hashes, thumbnails) == [list(range(1, 4_000, 2))], "flat ones are left out"
    assert max(looked_at) == 500
    assert sum(looked_at) < 2 * 8 * 2_000, "of one part of the hashes"
    assert "more than 10,000 pairs of images look the same" in caplog.text


def test_no_images_and_images_of_one_colour_are_no_copies():
    assert near_duplicates.groups_of(np.empty((0, 32), np.uint8), np.empty((0, 16, 16), np.uint8)) == []
    assert near_duplicates.groups_of(*near_duplicates.hashed(np.full((5, 20, 20), 7, np.float32))) == []


def letterboxed(image):
    still = Image.new("RGB", image.size)
    still.paste(image.resize((image.width, image.height * 3 // 4)), (0, image.height // 8))
    return jpeg(still, 85)


def test_black_bars_at_any_edge_are_a_border_and_a_white_background_is_none():
    plain, with_bars = gray(crops()), gray(map(letterboxed, crops()))
    assert not flaws.have_border(plain).any()
    assert flaws.have_border(with_bars).mean() > 0.9
    assert flaws.have_border(with_bars.transpose(0, 2, 1)).mean() > 0.9
    one_edge = plain.copy()
    one_edge[:, :, -5:] = 255
    assert flaws.have_border(one_edge).mean() > 0.75
    y, x = np.mgrid[:64, :64]
    disc = np.where((y - 32) ** 2 + (x - 32) ** 2 < 20**2, 80.0, 255.0).astype(np.float32)
    assert not flaws.have_border(disc[None]).any()


@pytest.mark.parametrize("size", [32, 64, 128])
def test_enlarged_images_have_no_fine_detail(size):
    small = [image.resize((size // 4, size // 4), Image.Resampling.BICUBIC) for image in crops()]
    enlarged = [image.resize((size, size), Image.Resampling.BICUBIC) for image in small]
    assert flaws.are_enlarged(gray(enlarged, size)).mean() > 0.9
    assert flaws.are_enlarged(gray(crops(), size)).mean() < 0.05


def test_one_colour_is_blank_and_a_pale_picture_is_not():
    pale = np.full((2, 16, 16), 200, np.float32)
    pale[1, :, ::2] += 8
    assert flaws.are_blank(pale).tolist() == [True, False]
