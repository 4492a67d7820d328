"""Pictures that are hardly A|B pictures: refused, warned of, or accepted, by their widths and heights."""

import logging

import pytest
from PIL import Image

from gan_lightning.data import pair_widths
from gan_lightning.data.pair_widths import check_widths


def pictures(root, *sizes):
    """Files of these sizes."""
    paths = [root / f"{number}.png" for number in range(len(sizes))]
    for path, size in zip(paths, sizes, strict=True):
        Image.new("L", size).save(path)
    return paths


@pytest.mark.parametrize("size", [(512, 256), (800, 300), (48, 24)])
def test_pairs_of_squares_or_of_wider_images_pass_in_silence(tmp_path, caplog, size):
    check_widths(pictures(tmp_path, size, size, (9, 9)), tmp_path, "crop")
    assert not caplog.records


@pytest.mark.parametrize("size", [(96, 96), (80, 120)])
def test_pictures_no_wider_than_high_are_refused_unless_another_fit_says_that_they_are_meant(tmp_path, caplog, size):
    paths = pictures(tmp_path, size, size, (200, 100))
    with pytest.raises(ValueError, match=rf"2 of 3, such as 0.png of {size[0]}x{size[1]}, are no wider .*fit=stretch"):
        check_widths(paths, tmp_path, "crop")
    check_widths(paths, tmp_path, "stretch")
    assert len(caplog.records) == 1


@pytest.mark.parametrize("size", [(120, 90), (150, 100), (160, 90)])
def test_photographs_in_landscape_are_a_warning_because_they_may_be_pairs_of_portraits(tmp_path, caplog, size):
    check_widths(pictures(tmp_path, size), tmp_path, "crop")
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert f"1 of 1, such as 0.png of {size[0]}x{size[1]}, is narrower" in record.getMessage()


def test_few_headers_are_read_and_files_that_cannot_be_read_do_not_count(tmp_path, monkeypatch):
    paths = pictures(tmp_path, *[(20, 10)] * 50, (10, 10))
    paths[0].write_text("no picture")
    opened = []
    read = pair_widths.open_image
    monkeypatch.setattr(pair_widths, "LOOKED_AT", 5)
    monkeypatch.setattr(pair_widths, "open_image", lambda file: opened.append(file) or read(file))
    check_widths(paths, tmp_path, "crop")
    assert (len(opened), opened[0], opened[-1]) == (5, paths[0], paths[-1])
