"""Images that look the same, and images that are seldom meant: found, and others left alone."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFont
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


def framed(image, above, below, left, right, colour):
    """An image in a rim, whose widths are shares of its own side."""
    above, below, left, right = (round(share * image.width) for share in (above, below, left, right))
    whole = Image.new("RGB", (image.width + left + right, image.height + above + below), colour)
    whole.paste(image, (left, above))
    return jpeg(whole, 85)


@pytest.mark.parametrize(
    "rim",
    [
        (0.06, 0.22, 0.06, 0.06, "white"),  # an instant print: its lower rim is wide
        (0.04, 0.04, 0.04, 0.04, "white"),
        (0.05, 0.1, 0.12, 0.07, "black"),
        (0.25, 0.25, 0.25, 0.25, "white"),
    ],
)
def test_a_frame_of_one_colour_is_a_border_whatever_the_widths_of_its_sides(rim):
    assert flaws.have_border(gray([framed(image, *rim) for image in crops()])).mean() > 0.8


def on_white(image, outline):
    """An image that is cut out along an outline, before a white background."""
    mask = Image.new("L", image.size)
    getattr(ImageDraw.Draw(mask), outline)((0, 0, image.width - 1, image.height - 1), fill=255)
    whole = Image.new("RGB", (image.width * 4 // 3, image.height * 4 // 3), "white")
    whole.paste(image, (image.width // 6, image.height // 6), mask)
    return jpeg(whole, 85)


def test_objects_and_letters_before_a_plain_background_have_no_frame():
    assert not flaws.have_border(gray([on_white(image, "ellipse") for image in crops()])).any()
    letters = []
    for letter in "IHOEB8017":
        page = Image.new("RGB", (64, 64), "white")
        ImageDraw.Draw(page).text((32, 32), letter, "black", ImageFont.load_default(50), anchor="mm")
        letters.append(page)
    assert not flaws.have_border(gray(letters)).any()
    assert not flaws.have_border(255 - gray(letters)).any()


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
