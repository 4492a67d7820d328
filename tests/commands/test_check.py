"""`gan-lightning check`: what it finds, and when it says no."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from hydra.core.global_hydra import GlobalHydra

from gan_lightning.__main__ import main
from support.small_files import picture


@pytest.fixture
def check(monkeypatch, capfd):
    """Runs the command; returns exit code, what was shown, and the JSON report."""

    def run(*arguments):
        GlobalHydra.instance().clear()
        monkeypatch.setattr(sys, "argv", ["gan-lightning", "check", "data.image_size=16", *arguments])
        capfd.readouterr()
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code
        shown = capfd.readouterr()
        reports = sorted(Path("outputs/check").glob("*/check.json")) if Path("outputs/check").is_dir() else []
        return code, " ".join((shown.out + shown.err).split()), json.loads(reports[-1].read_text()) if reports else {}

    return run


def test_a_good_folder_is_ready(check, two_domains):
    code, shown, report = check("data=folder", f"data.root={two_domains / 'trainA'}")
    assert code == 0, shown
    assert "ready for training" in shown
    assert report["splits"]["train"]["images"] == 10
    assert report["splits"]["train"]["sizes"] == {"24x24": 10}
    assert report["wrong"] == []


def test_bad_files_and_duplicates_are_named(check, tmp_path):
    for number in range(5):
        picture(number).save(tmp_path / f"{number}.png")
    shutil.copy(tmp_path / "3.png", tmp_path / "copy.png")
    (tmp_path / "bad.jpg").write_text("no image")
    code, shown, report = check("data=folder", f"data.root={tmp_path}")
    assert code == 1
    assert "left out of train: bad.jpg: not an image" in shown
    assert (
        "wrong: data.max_bad allows a share of 0.01 to be left out, and 1 of 7 train images cannot be read: bad.jpg: not an image"
        in shown
    )
    assert report["splits"]["train"]["duplicates"] == [[3, 5]]
    assert "1 images are exact duplicates" in shown
    code, shown, _ = check("data=folder", f"data.root={tmp_path}", "data.max_bad=0.5")
    assert code == 0, shown
    assert "train: 1 of 7 cannot be read" in shown


def test_counts_are_compared_with_the_known_ones(check, faces):
    code, shown, _ = check("data=celeba", f"data.root={faces}")
    assert code == 0, shown
    assert "24 images, where the whole set has 202,599" in shown


def test_test_images_among_the_training_ones_are_found(check, two_domains, tmp_path):
    shutil.copytree(two_domains, tmp_path / "d")
    shutil.copy(tmp_path / "d" / "trainA" / "0.jpg", tmp_path / "d" / "testA" / "leak.jpg")
    code, shown, report = check("data=unpaired", f"data.root={tmp_path / 'd'}")
    assert code == 0, shown
    assert "test x: 1 images are in train x too" in shown
    assert {name: split["images"] for name, split in report["splits"].items()} == {
        "train x": 10, "train y": 6, "test x": 4, "test y": 3,
    }  # fmt: skip


def test_mnist_files_that_are_not_the_official_ones_are_named(check, small_mnist):
    code, shown, _ = check("data=mnist", f"data.root={small_mnist}", "data.download=false")
    assert code == 1
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
    assert "there is no folder nowhere" in shown


def test_a_misspelt_key_gets_one_sentence(check):
    code, shown, _ = check("data.imagesize=16")
    assert code == 2
    assert "did you mean data.image_size" in shown


def test_test_images_among_the_training_ones_are_found_with_random_crops_too(check, two_domains, faces, tmp_path):
    shutil.copytree(two_domains, tmp_path / "d")
    shutil.copy(tmp_path / "d" / "trainA" / "0.jpg", tmp_path / "d" / "testA" / "leak.jpg")
    code, shown, _ = check("data=unpaired", f"data.root={tmp_path / 'd'}", "data.load_size=19")
    assert code == 0, shown
    assert "test x: 1 images are in train x too" in shown
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
    assert r"left out of train: a\xff.png: not an image" in shown
    assert r"left out of train: b\x1b[31m\nwrong: forged.png: not an image" in shown
    assert "\x1b[31m" not in shown
    assert set(report["splits"]["train"]["bad"]) == {r"a\xff.png", r"b\x1b[31m\nwrong: forged.png"}
