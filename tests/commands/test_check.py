"""`gan-lightning check`: what it finds, and when it says no."""

import os
import shutil
import subprocess
from pathlib import Path

from PIL import Image

from support.small_files import photographs, picture


def test_a_good_folder_is_ready(check, two_domains):
    code, shown, report = check("data=folder", f"data.root={two_domains / 'trainA'}")
    assert code == 0, shown
    root = two_domains / "trainA"
    after = (
        f"gan-lightning start {root} chooses a recipe, or gan-lightning data.image_size=16 data=folder data.root={root}"
    )
    assert shown.endswith(f" ready for training: {after}")
    assert report["splits"]["train"]["images"] == 10
    assert report["splits"]["train"]["sizes"] == {"24x24": 10}
    assert report["problems"] == []


def test_the_smallest_and_the_largest_of_many_sizes_are_said(check, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    for number, (width, height) in enumerate([(40, 16), (16, 30), (20, 20), (64, 48), (20, 20)]):
        picture(number, width, height).save(tmp_path / f"{number}.png")
    _, shown, _ = check("data=folder", f"data.root={tmp_path}", "data.cache=off")
    assert "2 of 20x20, 1 of 40x16, 1 of 16x30 and 1 more size, from 20x20 to 64x48" in shown


def test_a_path_with_a_space_is_told_as_it_is_typed(check, tmp_path):
    place = tmp_path / "my pictures"
    place.mkdir()
    for number in range(4):
        picture(number).save(place / f"{number}.png")
    _, shown, _ = check("data=folder", f"data.root={place}")
    assert shown.endswith(f" data=folder 'data.root={place}'")


def test_bad_files_and_duplicates_are_named(check, tmp_path):
    for number in range(5):
        picture(number).save(tmp_path / f"{number}.png")
    shutil.copy(tmp_path / "3.png", tmp_path / "copy.png")
    (tmp_path / "bad.jpg").write_text("no image")
    code, shown, report = check("data=folder", f"data.root={tmp_path}")
    assert code == 1
    assert "1 of 7 images of train cannot be read: bad.jpg: not an image" in shown
    assert shown.endswith(
        "not ready for training: data.max_bad=0.01 lets 0 of 7 train images be left out, and 1 cannot be read; "
        "repair or remove them, or leave them out with data.max_bad=0.15"
    )
    assert shown.count("bad.jpg") == 1
    assert report["splits"]["train"]["copies"] == [["3.png", "copy.png"]]
    assert "note: train: 1 exact copy of another image, such as copy.png and 3.png" in shown
    code, shown, _ = check("data=folder", f"data.root={tmp_path}", "data.max_bad=0.15")
    assert code == 0, shown
    assert " ready for training: gan-lightning start " in shown
    assert shown.count("bad.jpg") == 1


def test_counts_are_compared_with_the_known_ones(check, faces):
    code, shown, _ = check("data=celeba", f"data.root={faces}")
    assert code == 0, shown
    assert "24 images, where the whole set has 202,599" in shown


def test_test_images_among_the_training_ones_are_found(check, two_domains, tmp_path):
    shutil.copytree(two_domains, tmp_path / "d")
    shutil.copy(tmp_path / "d" / "trainA" / "0.jpg", tmp_path / "d" / "testA" / "leak.jpg")
    code, shown, report = check("data=unpaired", f"data.root={tmp_path / 'd'}")
    assert code == 0, shown
    assert "test x: 1 image is in train x too: leak.jpg" in shown
    assert {name: split["images"] for name, split in report["splits"].items()} == {
        "train x": 10, "train y": 6, "test x": 4, "test y": 3,
    }  # fmt: skip


def test_mnist_files_that_are_not_the_official_ones_are_named(check, small_mnist):
    code, shown, _ = check("data=mnist", f"data.root={small_mnist}", "data.download=false")
    assert code == 0, "training does not stop because of it"
    assert shown.count("is not the official file: its md5 differs") == 4


def test_pairs_that_do_not_match_are_wrong(check, tmp_path):
    for side, names in (("A", "ab"), ("B", "ac")):
        (tmp_path / side).mkdir()
        for name in names:
            picture(1).save(tmp_path / side / f"{name}.png")
    code, shown, _ = check("data=paired", f"data.root={tmp_path}")
    assert code == 1
    assert "2 images have no partner" in shown


def test_a_missing_folder_is_wrong(check):
    code, shown, _ = check("data=folder", "data.root=nowhere")
    assert code == 2
    assert "there is no folder or .zip file nowhere" in shown


def test_a_misspelt_key_gets_one_sentence(check):
    code, shown, _ = check("data.imagesize=16")
    assert code == 2
    assert "type data.image_size=16" in shown


def test_test_images_among_the_training_ones_are_found_with_random_crops_too(check, two_domains, faces, tmp_path):
    shutil.copytree(two_domains, tmp_path / "d")
    shutil.copy(tmp_path / "d" / "trainA" / "0.jpg", tmp_path / "d" / "testA" / "leak.jpg")
    code, shown, _ = check("data=unpaired", f"data.root={tmp_path / 'd'}", "data.load_size=19")
    assert code == 0, shown
    assert "test x: 1 image is in train x too: leak.jpg" in shown
    code, shown, _ = check("data=celeba", f"data.root={faces}", "data.load_size=19")
    assert code == 0, shown
    assert "24 images, where the whole set has 202,599" in shown, "one set that serves as both splits counts once"


def test_odd_names_are_shown_escaped_and_written_to_the_report(check, tmp_path):
    for number in range(2):
        picture(number).save(tmp_path / f"{number}.png")
    for name in (b"a\xff.png", b"b\x1b[31m\nwrong: forged.png"):
        (tmp_path / os.fsdecode(name)).write_text("no image")
    code, shown, report = check("data=folder", f"data.root={tmp_path}", "data.max_bad=0.5")
    assert code == 0, shown
    assert r" a\xff.png: not an image" in shown
    assert r" b\x1b[31m\nwrong: forged.png: not an image" in shown
    assert "\x1b[31m" not in shown
    assert set(report["splits"]["train"]["bad"]) == {r"a\xff.png", r"b\x1b[31m\nwrong: forged.png"}


def test_a_few_bad_photographs_of_sixty_do_not_stop_training_and_can_be_deleted_by_a_list(check, tmp_path):
    root = photographs(tmp_path / "our photos")
    odd = [b'it\'s "cut".jpg', b"\xff.jpg", b"-f.jpg", b"$(touch x) `y` \\.jpg", b"line\nbreak.jpg"]
    for name in odd:
        (root / os.fsdecode(name)).write_text("no image")
    code, shown, _ = check("data=folder", f"data.root={root}")
    assert code == 0, shown
    assert "5 of 65 images of train cannot be read" in shown
    (list_,) = Path("outputs/check").glob("*/unreadable.txt")
    assert f"to delete what cannot be read as a whole image: xargs rm < {list_} " in shown
    assert list_.read_bytes().count(b"\n") == 4
    with list_.open() as stream:
        subprocess.run(["xargs", "rm"], stdin=stream, check=True)
    assert sorted(os.listdir(os.fsencode(root)))[-1:] == [b"line\nbreak.jpg"]
    assert len(list(root.iterdir())) == 61
    (root / "line\nbreak.jpg").rename(root / "six.jpg")
    for name in odd[:5]:
        (root / os.fsdecode(name)).write_text("no image")
    assert check("data=folder", f"data.root={root}")[0] == 1, "six are too many"
    code, shown, _ = check("data=folder", f"data.root={root}", "data.max_bad=0")
    assert code == 1
    assert "data.max_bad=0 lets 0 of 66 train images be left out" in shown


def test_what_is_seldom_meant_is_a_note_with_names_and_never_a_problem(check, tmp_path):
    root = photographs(tmp_path / "photos", 30)
    Image.open(root / "04.jpg").resize((34, 34)).save(root / "near.jpg", quality=60)
    still = Image.new("RGB", (40, 40))
    still.paste(picture(99, 40, 28), (0, 6))
    still.save(root / "still.png")
    picture(98, 6, 6).save(root / "thumb.png")
    Image.new("RGB", (40, 40), "white").save(root / "white.png")
    (root / "Thumbs.db").write_text("")
    for name in ("a.txt", "b.TXT", "LICENSE"):
        (root / name).write_text("")
    code, shown, report = check("data=folder", f"data.root={root}")
    assert code == 0, shown
    train = report["splits"]["train"]
    assert [train[key] for key in ("near_copies", "bordered", "blank")] == [
        [["04.jpg", "near.jpg"]], ["still.png"], ["white.png"]
    ]  # fmt: skip
    assert "left out 2 .txt files, 1 .db file and 1 file without a suffix, which are not images by their names" in shown
    assert "1 near copy of another image (packed again, resized or recoloured), such as near.jpg and 04.jpg" in shown
    assert "1 image has a border or a frame of one colour" in shown
    assert "1 image is smaller than 16x16, which data.image_size asks for, and enlarged" in shown
    assert all(shown.count(f"note: {note}") == 1 for note in report["notes"])
    assert shown.count("still.png") == 1


def test_a_split_of_the_same_files_is_named_and_not_repeated(check, tmp_path):
    photographs(tmp_path / "photos", 6)
    (tmp_path / "photos" / "bad.jpg").write_text("no image")
    shutil.copytree(tmp_path / "photos", tmp_path / "same")
    given = "data=folder", f"data.root={tmp_path / 'photos'}", f"data.test_root={tmp_path / 'same'}", "data.max_bad=0.2"
    code, shown, report = check(*given)
    assert code == 0, shown
    assert "note: test: the same 7 images as train, so none are held out" in shown
    assert report["splits"]["test"] == {"same_as": "train"}
    assert shown.count("bad.jpg") == 1
    picture(50, 40, 40).save(tmp_path / "same" / "new.jpg")
    near = Image.open(tmp_path / "same" / "03.jpg").resize((36, 36))
    near.save(tmp_path / "same" / "03.jpg")
    _, shown, _ = check(*given)
    assert "test: 5 images are in train too: 00.jpg, 01.jpg, 02.jpg and 2 more" in shown
    assert "test: 1 image is a near copy of one in train: 03.jpg" in shown


def test_pictures_in_a_zip_file_are_checked_in_place_and_offered_for_no_deletion(check, tmp_path):
    photographs(tmp_path / "photos", 6)
    shutil.copy(tmp_path / "photos" / "01.jpg", tmp_path / "photos" / "copy.jpg")
    shutil.make_archive(str(tmp_path / "pack"), "zip", tmp_path, "photos")
    code, shown, report = check("data=folder", f"data.root={tmp_path / 'pack.zip'}")
    assert code == 0, shown
    assert report["splits"]["train"]["equal_as_trained_on"] == [["01.jpg", "copy.jpg"]]
    assert "xargs" not in shown


def test_set_that_is_too_small_for_its_batches_is_noted_once_and_one_image_is_a_problem(check, tmp_path):
    code, shown, _ = check("data=folder", f"data.root={photographs(tmp_path / 'photos', 3)}")
    assert code == 0
    assert shown.count("note: data.batch_size is 128, and there are only 3 images") == 1
    code, shown, _ = check("data=folder", f"data.root={photographs(tmp_path / 'one', 1)}")
    assert code == 1
    assert "not ready for training: data: training needs at least 2 images, and there is 1; add more" in shown


def test_data_that_are_drawn_and_not_stored_are_one_sentence(check):
    code, shown, _ = check("data=ring", "data.image_size=1")
    assert code == 2
    assert "Ring draws new ones as they are needed, so there is nothing to check" in shown


def test_square_photographs_are_no_pairs_and_pairs_of_two_squares_are_nothing_to_speak_of(check, tmp_path, pairs):
    code, shown, _ = check("data=paired", f"data.root={photographs(tmp_path / 'photos', 4)}")
    assert code == 1, shown
    assert "not ready for training: data.root must hold A|B pictures, which are twice as wide as high; 4 of 4" in shown
    assert "narrow" not in check("data=paired", f"data.root={pairs}")[1]


def test_single_pictures_of_odd_widths_are_told_of_the_data_for_them(check, tmp_path):
    for number in range(4):
        picture(number, 61, 40).save(tmp_path / f"{number}.png")
    code, shown, _ = check("data=paired", f"data.root={tmp_path}")
    assert code == 1, shown
    assert "not ready for training: 4 of 4 train images are no A|B pictures" in shown
    assert "data=folder is for single pictures" in shown
    assert "max_bad" not in shown


def test_photographs_in_landscape_are_noted_once_where_pairs_are_expected(check, tmp_path):
    for number in range(4):
        picture(number, 60, 40).save(tmp_path / f"{number}.png")
    code, shown, _ = check("data=paired", f"data.root={tmp_path}")
    assert code == 0, shown
    assert shown.count("note: A|B pictures are twice as wide as high, and 4 of 4, such as 0.png of 60x40, are") == 1
