"""Animations hold their frames, in their colours and times, and are the same each time."""

import numpy as np
import pytest
from PIL import Image, ImageSequence

from gan_lightning.reports.animation import enlarged, of_one_size, write_animation
from gan_lightning.reports.grids import evenly_spaced
from support.small_files import picture

FRAMES = [picture(number, 48, 32) for number in range(5)]


def opened(file):
    """Return each frame and how long it is shown, in milliseconds."""
    with Image.open(file) as found:
        return [
            (np.asarray(frame.convert("RGB")).astype(int), frame.info["duration"])
            for frame in ImageSequence.Iterator(found)
        ]


@pytest.mark.parametrize(("suffix", "tolerance"), [(".gif", 16), (".webp", 8)])
def test_an_animation_shows_its_frames_in_their_colours_and_stays_on_the_last(suffix, tolerance, tmp_path):
    file = tmp_path / f"a{suffix}"
    write_animation(FRAMES, file, fps=4, last=2)
    found = opened(file)
    assert [shown for _, shown in found] == [250] * 4 + [2250]
    for (frame, _), expected in zip(found, FRAMES, strict=True):
        assert np.abs(frame - np.asarray(expected)).mean() < tolerance
    with Image.open(file) as animation:
        assert animation.info["loop"] == 0, "it repeats"


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_the_same_frames_are_the_same_file_and_one_frame_is_enough(suffix, tmp_path):
    files = [tmp_path / f"{name}{suffix}" for name in "abc"]
    for file in files[:2]:
        write_animation(FRAMES, file, fps=10)
    assert files[0].read_bytes() == files[1].read_bytes()
    write_animation(FRAMES[:1], files[2], fps=10, last=1)
    assert Image.open(files[2]).size == (48, 32)


def test_what_does_not_change_has_the_same_colours_in_every_frame_of_a_gif(tmp_path):
    frames = []
    for level in range(0, 250, 25):
        frame = FRAMES[0].copy()
        frame.paste((level, 255 - level, level), (0, 0, 10, 10))
        frames.append(frame)
    write_animation(frames, tmp_path / "a.gif", fps=10)
    still = [frame[10:, 10:] for frame, _ in opened(tmp_path / "a.gif")]
    assert len(still) == 10
    assert all((each == still[0]).all() for each in still)


def test_pictures_of_several_sizes_get_the_largest_on_white_and_no_longer_than_the_limit():
    pictures = [Image.new("L", (40, 20), 0), Image.new("RGB", (20, 60), "red")]
    assert {found.size for found in of_one_size(pictures)} == {(40, 60)}
    assert of_one_size(pictures)[0].getpixel((39, 59)) == (255, 255, 255)
    assert {found.size for found in of_one_size(pictures, 30)} == {(20, 30)}
    assert {found.size for found in of_one_size(pictures, 600)} == {(40, 60)}


def test_small_pictures_are_enlarged_by_whole_factors():
    assert enlarged(Image.new("L", (66, 50)), 128).size == (198, 150)
    assert enlarged(Image.new("L", (200, 128)), 128).size == (200, 128)


def test_choices_are_evenly_spaced_with_both_ends():
    assert evenly_spaced(7, 100) == [0, 1, 2, 3, 4, 5, 6]
    assert evenly_spaced(101, 5) == [0, 25, 50, 75, 100]
    assert evenly_spaced(8, 1) == [7]
    for total in range(2, 40):
        for count in range(2, total + 1):
            found = evenly_spaced(total, count)
            assert sorted(set(found)) == found
            assert (len(found), found[0], found[-1]) == (count, 0, total - 1)


def test_paper_and_ink_stay_white_and_black_in_a_gif(tmp_path):
    frames = [Image.new("RGB", (48, 44), "white") for _ in FRAMES]
    for frame, inner in zip(frames, FRAMES, strict=True):
        frame.paste(inner, (0, 0))
        frame.paste("black", (10, 36, 20, 40))
    write_animation(frames, tmp_path / "a.gif", fps=4)
    for frame, _ in opened(tmp_path / "a.gif"):
        assert (frame[41:] == 255).all()
        assert (frame[36:40, 10:20] == 0).all()
