"""What is said about sets that are small beside their batches, and about workers, before the first step."""

import logging

import pytest

from gan_lightning.data.batch_checks import check_batch_size, check_counts, check_workers, warn_of_small_batches
from gan_lightning.data.folder import Folder
from support.batches import epoch_of
from support.small_files import picture


def folder(root, count, **more):
    root.mkdir()
    for number in range(count):
        picture(number).save(root / f"{number}.png")
    return Folder(**(dict(root=str(root), image_size=16, channels=3, batch_size=64) | more))


def test_three_pictures_with_a_batch_of_64_train_with_a_line_that_says_what_a_batch_is(tmp_path, caplog):
    (batch,) = epoch_of(folder(tmp_path / "images", 3))
    assert len(batch.images) == 3
    assert "data.batch_size is 64, and there are only 3 images: each epoch is one batch of 3" in caplog.text


def test_a_batch_larger_than_a_set_of_many_images_gets_a_line_with_a_usual_size(caplog):
    warn_of_small_batches({"train": 1438}, 5000, False, 1)
    assert "each epoch is one batch of 1438; data.batch_size=128 gives more updates" in caplog.text
    assert "copies" not in caplog.text


def test_one_picture_is_refused(tmp_path):
    with pytest.raises(ValueError, match="training needs at least 2 images, and there is 1"):
        epoch_of(folder(tmp_path / "images", 1, batch_size=1))


def test_the_smaller_of_two_domains_is_named():
    with pytest.raises(ValueError, match="training needs at least 2 images of y, and there is 1"):
        check_counts({"train x": 9, "train y": 1}, 1, False, 1)


def test_a_set_that_makes_no_batch_is_refused_with_the_reason():
    with pytest.raises(ValueError, match=r"at most the number of images, 3, if data.drop_last is true; got 4"):
        check_counts({"train": 3}, 4, True, 1)
    with pytest.raises(ValueError, match="4 processes need as many images, and there are 3; use fewer devices"):
        check_counts({"train": 3}, 4, False, 4)
    with pytest.raises(ValueError, match="data.batch_size must be a multiple of the 2 processes; got 3"):
        check_batch_size(3, 2)


def test_a_last_batch_of_one_image_gets_a_line_and_others_do_not(caplog):
    for count, drop_last in ((65, True), (66, False), (64, False), (128, False)):
        warn_of_small_batches({"train": count}, 64, drop_last, 1)
    assert not caplog.text
    warn_of_small_batches({"train": 65}, 64, False, 1)
    assert "the last batch of each epoch has 1 image for each process" in caplog.text


def test_many_more_workers_than_cores_get_one_line(monkeypatch, caplog):
    caplog.set_level(logging.WARNING)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    check_workers(4)
    assert not caplog.text
    check_workers(500)
    assert "data.num_workers is 500, and there are 2 cores" in caplog.text
