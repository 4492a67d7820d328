"""Pictures of a page are within it, small enough, and those that cannot be read are left out."""

import base64
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from gan_lightning.reports.embedded import FRAMES, HEAVY, LARGEST, SIDE, animation, embedded


def opened(picture):
    return Image.open(BytesIO(base64.b64decode(picture.uri.split(",", 1)[1])))


def grids(count, side=24):
    found = {}
    for number in range(count):
        file = Path(f"{number:07d}.png")
        Image.new("RGB", (side, side), (number * 3 % 256, 0, 0)).save(file)
        found[100 * number] = file
    return found


def test_a_small_picture_keeps_its_pixels():
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(pixels).save("a.png")
    picture = embedded(Path("a.png"), "what it shows")
    assert picture.uri.startswith("data:image/png;base64,")
    assert (picture.width, picture.height, picture.alt) == (30, 20, "what it shows")
    assert (np.asarray(opened(picture)) == pixels).all()


def test_a_large_picture_is_reduced_and_a_heavy_one_compressed():
    noise = np.random.default_rng(0).integers(0, 256, (700, 2000, 3), dtype=np.uint8)
    Image.fromarray(noise).save("a.png")
    picture = embedded(Path("a.png"), "")
    assert (picture.width, opened(picture).width) == (LARGEST, LARGEST)
    assert picture.uri.startswith("data:image/webp")
    assert len(picture.uri) < 2 * HEAVY


def test_what_cannot_be_read_is_left_out():
    Path("a.png").write_bytes(b"no picture")
    assert embedded(Path("a.png"), "") is None
    assert embedded(Path("b.png"), "") is None
    pictures = grids(3)
    pictures[100].write_bytes(b"no picture")
    moving, _ = animation(pictures, "")
    assert opened(moving).n_frames == 2
    assert animation({0: pictures[0], 100: pictures[100]}, "") is None
    assert animation({}, "") is None


def test_an_animation_of_wide_grids_is_wider_and_no_wider_than_a_picture():
    for size, width in {(1600, 400): 2 * SIDE, (5000, 10): LARGEST, (400, 400): SIDE}.items():
        for file in (pictures := grids(2)).values():
            Image.new("RGB", size).save(file)
        moving, _ = animation(pictures, "")
        assert moving.width == width


def test_an_animation_has_at_most_so_many_frames_from_the_first_grid_to_the_last():
    pictures = grids(80)
    moving, still = animation(pictures, "progress")
    frames = opened(moving)
    assert frames.n_frames == FRAMES
    assert frames.info["loop"] == 0
    assert frames.convert("RGB").getpixel((4, 4))[0] < 12
    frames.seek(FRAMES - 1)
    assert abs(frames.convert("RGB").getpixel((4, 4))[0] - 79 * 3) < 12
    assert opened(still).size == frames.size
