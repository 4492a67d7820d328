"""What a look at a folder of pictures finds out before anything is chosen for it."""

import pytest

from gan_lightning.data.listing import image_files
from gan_lightning.data.picture_survey import look_at
from support.small_files import picture


@pytest.fixture
def survey(tmp_path):
    """Looks at the pictures of a folder that a function fills."""

    def look(fill, seconds=60.0):
        root = tmp_path / "pictures"
        root.mkdir()
        fill(root)
        return look_at(root, image_files(root), seconds)

    return look


def test_sizes_colours_and_bad_files_are_counted(survey):
    def fill(root):
        for number in range(4):
            picture(number, 40, 20).save(root / f"{number}.png")
        picture(9, 30, 60, "L").save(root / "gray.png")
        (root / "bad.jpg").write_text("no picture")

    found = survey(fill)
    assert (found.count, found.looked_at, len(found.decoded)) == (5, 6, 5)
    assert found.sizes == {(40, 20): 4, (30, 60): 1}
    assert (found.short_side, found.elongation) == (20, 2)
    assert found.modes == {"RGB": 4, "L": 1}
    assert list(found.bad) == ["bad.jpg"]
    assert found.bad_share == 1 / 6
    assert not found.is_gray


def test_gray_pictures_that_are_stored_in_colour_are_gray(survey):
    found = survey(lambda root: picture(0, 40, 20, "L").convert("RGB").save(root / "0.png"))
    assert found.is_gray


def test_where_time_is_short_the_look_ends_after_one_picture(survey):
    found = survey(lambda root: [picture(n).save(root / f"{n}.png") for n in range(9)], seconds=0.0)
    assert (found.looked_at, found.count) == (1, 9)


@pytest.mark.parametrize(
    ("names", "each", "classes"),
    [
        (("cats", "dogs"), 20, {"cats": 20, "dogs": 20}),
        (("cats", "dogs"), 19, {}),
        (("train", "test"), 20, {}),
        (("holiday",), 20, {}),
        (("cats", "."), 20, {}),
    ],
)
def test_sub_folders_are_classes_where_they_hold_all_pictures_and_enough_of_each(survey, names, each, classes):
    def fill(root):
        for name in names:
            (root / name).mkdir(exist_ok=True)
            for number in range(each):
                picture(number, 4, 4).save(root / name / f"{number}.png")

    assert survey(fill).classes == classes
