"""Images for grids and scores: a split's own order, neither cropped at random nor flipped."""

import shutil

import numpy as np
import pytest
import torch

from gan_lightning.data.digits import Digits
from gan_lightning.data.folder import Folder
from gan_lightning.data.paired import Paired
from gan_lightning.data.photos import PhotosUnpaired
from gan_lightning.data.unpaired import Unpaired
from support.batches import same
from support.small_files import picture

CPU = torch.device("cpu")


JITTERED = {"image_size": 16, "channels": 3, "load_size": 19}


def test_evaluation_images_are_never_cropped_at_random_or_flipped(pairs):
    module = Paired(root=str(pairs), batch_size=12, flip=True, **JITTERED)
    plain = Paired(root=str(pairs), batch_size=12, image_size=16, channels=3)
    for split, count in (("test", 4), ("train", 12)):
        batches = list(module.evaluation_batches(split, 3, CPU))
        assert same(batches, plain.evaluation_batches(split, 3, CPU))
        assert [len(batch.x) for batch in batches] == [3] * (count // 3) + [1] * (count % 3)
        assert batches[0].x.shape == (3, 3, 16, 16)
    fitted_whole = torch.from_numpy(module.fitted_images("test")[0].rows([0, 1, 2])) / 127.5 - 1
    first = next(module.evaluation_batches("test", 3, CPU))
    assert torch.equal(torch.cat(first, 1), fitted_whole)


def test_evaluation_batches_leave_training_and_random_numbers_alone(pairs):
    def batches(between):
        module = Paired(root=str(pairs), batch_size=4, flip=True, **JITTERED)
        module.setup("fit")
        seen = []
        for batch in module.train_dataloader():
            seen.append(module.on_after_batch_transfer(batch, 0))
            if between:
                before = torch.get_rng_state(), np.random.get_state()[1].copy()
                list(module.evaluation_batches("train", 5, CPU))
                assert torch.equal(before[0], torch.get_rng_state())
                assert (before[1] == np.random.get_state()[1]).all()
        return seen

    assert same(batches(False), batches(True))


def test_evaluation_batches_of_two_domains_end_with_the_smaller(two_domains):
    module = Unpaired(root=str(two_domains), batch_size=4, **JITTERED)
    batches = list(module.evaluation_batches("train", 4, CPU))
    assert [(len(batch.x), len(batch.y)) for batch in batches] == [(4, 4), (2, 2)]


def test_evaluation_batches_carry_labels_and_the_wanted_type():
    module = Digits(image_size=8, channels=1, batch_size=4, num_classes=10, test_fraction=0)
    first = next(module.evaluation_batches("train", 5, CPU, torch.bfloat16))
    assert first.labels.tolist() == [0, 1, 2, 3, 4]
    assert first.images.dtype == torch.bfloat16


def test_a_split_that_is_missing_is_named_at_once(tmp_path, two_domains):
    (tmp_path / "trainA").symlink_to(two_domains / "trainA")
    (tmp_path / "trainB").symlink_to(two_domains / "trainB")
    module = Unpaired(root=str(tmp_path), batch_size=4, **JITTERED)
    with pytest.raises(ValueError, match=r"there is no folder .*testA"):
        module.evaluation_batches("test", 4, CPU)


def test_the_limit_of_bad_images_holds_for_evaluation_batches_too(faces, tmp_path):
    for number in range(3):
        picture(number).save(tmp_path / f"{number}.png")
    (tmp_path / "bad.png").write_text("no image")
    module = Folder(root=str(faces), test_root=str(tmp_path), batch_size=2, **JITTERED)
    with pytest.raises(ValueError, match=r"lets 0 of 4 test images be left out, and 1 cannot be read"):
        module.evaluation_batches("test", 2, CPU)


def test_evaluation_crops_of_photographs_are_never_resized():
    module = PhotosUnpaired(image_size=32, channels=3, batch_size=2, load_size=48, cache="off")
    larger = [torch.from_numpy(images.rows([0])) for images in module.fitted_images("train")]
    first = next(iter(module.evaluation_batches("train", 1, torch.device("cpu"))))
    for image, whole in zip(first, larger, strict=True):
        assert whole.shape[-1] == 48
        torch.testing.assert_close(image, whole[..., 8:40, 8:40] / 127.5 - 1)


def test_a_split_that_is_the_training_images_is_called_so(pairs, classes, tmp_path):
    shutil.copytree(classes, tmp_path / "copies")
    copied = Folder(root=str(classes), test_root=str(tmp_path / "copies"), batch_size=4, image_size=16, channels=3)
    assert [copied.true_split(split) for split in ("train", "test")] == ["train", "train"]
    paired = Paired(root=str(pairs), batch_size=4, image_size=16, channels=3)
    assert [paired.true_split(split, domain) for split in ("train", "test") for domain in (0, 1)] == [
        "train", "train", "test", "test",
    ]  # fmt: skip
