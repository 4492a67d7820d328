"""Odd and broken image files: read rightly, or named and left out before training."""

import logging
import os

import numpy as np
import pytest
from PIL import Image

from gan_lightning.data.decode import allowed, enough
from gan_lightning.data.folder import Folder, LabelledFolder
from gan_lightning.data.listing import image_files
from gan_lightning.data.transforms import Shape, fitted
from support.small_files import picture


def folder(root, cache_dir, **more):
    settings = {"max_bad": 1.0, "cache_dir": str(cache_dir)} | more
    module = Folder(root=str(root), image_size=16, channels=3, batch_size=1, **settings)
    (found,) = module.evaluation_images("train")
    return found


def truncated(file):
    picture(1, 200, 200).save(file, "JPEG")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def damaged_png(file):
    picture(1, 64, 64).save(file, "PNG")
    content = bytearray(file.read_bytes())
    content[60:90] = b"\xff" * 30
    file.write_bytes(content)


def bomb(file):
    Image.new("1", (20_000, 20_000)).save(file, "PNG")


BAD = {
    "truncated.jpg": (truncated, "truncated"),
    "damaged.png": (damaged_png, ""),
    "empty.png": (lambda file: file.write_bytes(b""), "empty file"),
    "text.jpg": (lambda file: file.write_text("no image at all"), "not an image"),
    "page.png": (lambda file: file.write_text("<html>404</html>"), "not an image"),
    "broken_link.png": (lambda file: file.symlink_to("nowhere.png"), "leads nowhere"),
    "loop.png": (lambda file: file.symlink_to(file), "leads to itself"),
    "dot.png": (lambda file: Image.new("RGB", (1, 1)).save(file), "only 1x1"),
    "line.png": (lambda file: Image.new("RGB", (50, 1)).save(file), "only 50x1"),
    "bomb.png": (bomb, "decompression bomb"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("cache", ["auto", False])
def test_a_bad_file_is_named_with_its_reason_and_left_out(name, cache, tmp_path, caplog):
    root = tmp_path / "images"
    root.mkdir()
    make, reason = BAD[name]
    make(root / name)
    picture(2).save(root / "a_good.png")
    picture(3).save(root / "z_good.png")
    with caplog.at_level(logging.INFO):
        found = folder(root, tmp_path / "cache", cache=cache)
    assert len(found) == 2
    assert list(found.survey.bad) == [name]
    assert reason in found.survey.bad[name]
    assert f"left out {name}: " in caplog.text
    assert "2 images, 2 of 20x24; colour; 1 left out" in caplog.text
    assert (found.rows([1])[0] == fitted(Image.open(root / "z_good.png"), Shape(16, 3))).all()


@pytest.mark.parametrize("cache", ["auto", "off"])
def test_the_labels_behind_a_bad_file_stay_with_their_images(cache, tmp_path):
    for number, name in enumerate(("a", "b", "c")):
        (tmp_path / "images" / name).mkdir(parents=True)
        picture(number).save(tmp_path / "images" / name / "1.png")
    (tmp_path / "images" / "a" / "0.png").write_text("no image")
    settings = {"max_bad": 1.0, "cache": cache, "cache_dir": str(tmp_path / "cache")}
    module = LabelledFolder(
        root=str(tmp_path / "images"), image_size=16, channels=3, batch_size=1, num_classes=3, **settings
    )
    module.setup("fit")
    (found,) = module.train
    assert found.labels.tolist() == [0, 1, 2]
    for row, label in enumerate(found.labels):
        assert (found.rows([row])[0] == fitted(picture(label), Shape(16, 3))).all()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(tmp_path):
    picture(2).save(tmp_path / "good.png")
    picture(2).save(tmp_path / "secret.png")
    (tmp_path / "secret.png").chmod(0)
    assert "Permission denied" in folder(tmp_path, tmp_path / "c").survey.bad["secret.png"]


def test_a_read_error_is_named_also_for_root(tmp_path, monkeypatch):
    picture(2).save(tmp_path / "good.png")
    picture(2).save(tmp_path / "secret.png")
    opened = Image.open

    def refuse(file, **more):
        if file.name == "secret.png":
            raise PermissionError(13, "Permission denied")
        return opened(file, **more)

    monkeypatch.setattr(Image, "open", refuse)
    assert "Permission denied" in folder(tmp_path, tmp_path / "c").survey.bad["secret.png"]


GOOD = {
    "cmyk.jpg": lambda given, file: given.convert("CMYK").save(file, quality=100),
    "palette.png": lambda given, file: given.quantize(256).save(file),
    "rgba.png": lambda given, file: given.convert("RGBA").save(file),
    "jpeg_named.png": lambda given, file: given.save(file, "JPEG", quality=100),
    "png_named.jpg": lambda given, file: given.save(file, "PNG"),
    "upper.JPG": lambda given, file: given.save(file, "JPEG", quality=100),
    "动漫头像.webp": lambda given, file: given.save(file, "WEBP", lossless=True),
    "animated.gif": lambda given, file: given.save(file, save_all=True, append_images=[Image.new("RGB", given.size)]),
}


@pytest.mark.parametrize("name", GOOD)
def test_an_odd_file_is_read_like_a_plain_one(name, tmp_path):
    given = picture(4, 16, 16)
    GOOD[name](given, tmp_path / name)
    found = folder(tmp_path, tmp_path / "cache")
    assert not found.survey.bad
    difference = np.abs(found.pixels[0].astype(int) - fitted(given, Shape(16, 3)))
    assert difference.mean() < 6
    assert difference.mean() < np.abs(found.pixels[0].astype(int) - fitted(picture(5, 16, 16), Shape(16, 3))).mean() / 4


def test_sixteen_bits_are_scaled_and_not_clipped(tmp_path):
    levels = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    Image.fromarray(levels).save(tmp_path / "deep.png")
    found = folder(tmp_path, tmp_path / "cache")
    assert found.survey.modes == {"I;16": 1}
    assert np.abs(found.pixels[0, 0].astype(int) - levels / 257).max() <= 1


def test_a_rotated_camera_image_is_upright(tmp_path):
    given = picture(6, 16, 16)
    exif = Image.Exif()
    exif[0x0112] = 6
    given.rotate(90).save(tmp_path / "turned.png", exif=exif)
    assert np.abs(folder(tmp_path, tmp_path / "c").pixels[0].astype(int) - fitted(given, Shape(16, 3))).max() <= 1


def test_transparency_becomes_white(tmp_path):
    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    assert (folder(tmp_path, tmp_path / "c").pixels == 255).all()


def test_a_folder_that_may_not_be_entered_is_left_out_with_a_warning_and_one_that_holds_root_is_named(
    tmp_path, monkeypatch, caplog
):
    for name in ("open", "closed"):
        (tmp_path / name).mkdir()
        picture(2).save(tmp_path / name / "1.png")
    access, stat = os.access, os.stat

    def refuse(path, *given, **more):
        if str(path).startswith(str(tmp_path / "closed") + os.sep):
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, *given, **more)

    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).endswith("closed") and access(path, mode))
    monkeypatch.setattr(os, "stat", refuse)
    assert image_files(tmp_path) == [tmp_path / "open" / "1.png"]
    assert f"data.root: left out the folder {tmp_path / 'closed'}: Permission denied" in caplog.text
    for below in ("pictures", "p.zip"):
        with pytest.raises(ValueError, match=r"^data.test_root .*a folder above it may not be entered"):
            image_files(tmp_path / "closed" / below, key="data.test_root")


def test_a_linked_folder_that_leads_back_up_is_read_once(tmp_path):
    root = tmp_path / "images"
    (root / "below").mkdir(parents=True)
    picture(1).save(root / "below" / "a.png")
    (root / "below" / "up").symlink_to(root)
    assert len(image_files(root)) == 1


def test_more_bad_files_than_allowed_are_an_error(tmp_path):
    picture(1).save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_text("no image")
    with pytest.raises(
        ValueError,
        match=r"data.max_bad=0.01 lets 0 of 2 train images be left out, and 1 cannot be read: bad.png: not an image.*data.max_bad=0.5",
    ):
        folder(tmp_path, tmp_path / "c", max_bad=0.01)
    assert len(folder(tmp_path, tmp_path / "c", max_bad=0.5)) == 1


def test_one_bad_file_is_an_error_where_that_is_wanted(tmp_path):
    for number in range(3):
        picture(number).save(tmp_path / f"{number}.png")
    assert len(folder(tmp_path, tmp_path / "c", on_bad="raise")) == 3
    (tmp_path / "bad.png").write_text("no image")
    with pytest.raises(
        ValueError, match=r"data.on_bad is raise, and 1 of 4 train images cannot be read: bad.png: not an image"
    ):
        folder(tmp_path, tmp_path / "c", on_bad="raise")


def test_nothing_but_bad_files_is_an_error_whatever_is_allowed(tmp_path):
    (tmp_path / "bad.png").write_text("no image")
    with pytest.raises(ValueError, match="none of the 1 train images can be read: bad.png: not an image"):
        folder(tmp_path, tmp_path / "c")


def test_a_few_of_a_small_set_may_be_left_out_and_one_in_a_hundred_of_a_large_one():
    counts = {5: 0, 10: 1, 20: 2, 50: 5, 206: 5, 599: 5, 600: 6, 200_000: 2_000}
    assert {total: allowed(total, 0.01) for total in counts} == counts
    assert [allowed(total, 0) for total in counts] == [0] * len(counts)


def test_the_share_that_a_message_offers_is_enough():
    for total in range(1, 300):
        for bad in range(1, total):
            assert bad <= allowed(total, enough(bad, total)) <= max(bad + total / 100, 5)
