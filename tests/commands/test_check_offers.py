"""`gan-lightning check`: which files it offers for deletion, and which it never does."""

import shutil
from pathlib import Path

from PIL import Image

from support.small_files import photographs, picture


def test_only_files_with_the_bytes_of_one_that_stays_are_offered_as_copies_and_nothing_linked(check, tmp_path):
    root, elsewhere = photographs(tmp_path / "photos", 3), photographs(tmp_path / "elsewhere", 3)
    picture(7, 40, 40).save(root / "real.png")
    (root / "best.png").symlink_to("real.png")
    (root / "linked").symlink_to(elsewhere)
    shutil.copy(root / "01.jpg", root / "copy.jpg")
    Image.open(root / "02.jpg").save(root / "packed_again.png")
    code, shown, report = check("data=folder", f"data.root={root}")
    assert code == 0, shown
    (list_,) = Path("outputs/check").glob("*/copies.txt")
    assert list_.read_text() == f"{root / 'copy.jpg'}\n"
    assert report["splits"]["train"]["copies"] == [["01.jpg", "copy.jpg"]]
    assert report["splits"]["train"]["equal_as_trained_on"] == [
        ["00.jpg", "linked/00.jpg"], ["01.jpg", "linked/01.jpg"], ["02.jpg", "linked/02.jpg", "packed_again.png"],
        ["best.png", "real.png"],
    ]  # fmt: skip
    assert "5 images are equal to others as trained on" in shown


def test_files_that_may_be_good_are_not_offered_for_deletion(check, tmp_path, monkeypatch):
    root = photographs(tmp_path / "photos")
    Image.new("RGB", (90, 90)).save(root / "large.png")
    Image.new("RGB", (1, 40)).save(root / "thin.png")
    (root / "empty.png").touch()
    (root / "cut.jpg").write_bytes((root / "00.jpg").read_bytes()[:500])
    (root / "away.png").symlink_to("nowhere")
    opened = Image.open

    def refuse(file, **more):
        if str(getattr(file, "name", file)).endswith("59.jpg"):
            raise PermissionError(13, "Permission denied")
        return opened(file, **more)

    monkeypatch.setattr(Image, "open", refuse)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 5_000)
    code, shown, _ = check("data=folder", f"data.root={root}", "data.max_bad=0.2")
    assert code == 0, shown
    (list_,) = Path("outputs/check").glob("*/unreadable.txt")
    assert list_.read_text().split() == [str(root / "cut.jpg"), str(root / "empty.png")]
    assert "3 files that cannot be read are not in unreadable.txt, because the content may be good: 59.jpg" in shown


def test_each_image_of_a_pair_is_looked_at_and_what_is_wrong_with_test_images_is_a_note(check, tmp_path):
    root = tmp_path / "pairs"
    for side, seed in (("A", 0), ("B", 50)):
        (root / side / "train").mkdir(parents=True)
        for number in range(4):
            picture(seed + number, 40, 40).save(root / side / "train" / f"{number}.png")
    Image.new("RGB", (40, 40), "red").save(root / "B" / "train" / "2.png")
    code, shown, report = check("data=paired", f"data.root={root}")
    assert code == 0, shown
    assert report["splits"]["train"]["blank"] == ["A/train/2.png and B/train/2.png"]
    assert "note: test:" not in shown
    (root / "A" / "test").mkdir()
    picture(9, 40, 40).save(root / "A" / "test" / "1.png")
    assert "note: test: data.root: there are no test pairs" in check("data=paired", f"data.root={root}")[1]
