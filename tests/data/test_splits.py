"""Test images: held out of the training images, or from a folder of their own; a set without any says so."""

import shutil

import numpy as np
import pytest
import torch
from hydra.utils import instantiate

from gan_lightning.data.digits import Digits
from gan_lightning.data.folder import Folder, LabelledFolder
from gan_lightning.data.images import ArrayImages, Source
from gan_lightning.data.paired import Paired
from gan_lightning.data.splits import divided
from gan_lightning.data.unpaired import Unpaired
from support.small_files import picture

SMALL = {"image_size": 16, "channels": 3, "batch_size": 4}


def pixels(images):
    """The bytes of each image of a set."""
    return [images.rows([number]).tobytes() for number in range(len(images))]


@pytest.fixture
def pictures(tmp_path):
    """A folder of twenty pictures."""
    (tmp_path / "pictures").mkdir()
    for number in range(20):
        picture(number).save(tmp_path / "pictures" / f"{number:02d}.png")
    return tmp_path / "pictures"


def test_one_fifth_of_the_digits_is_held_out_and_no_digit_is_lost_or_in_both():
    module = Digits(image_size=8, channels=1, batch_size=64, num_classes=10)
    (train,), (test,) = module.evaluation_images("train"), module.evaluation_images("test")
    (every,) = Digits(
        image_size=8, channels=1, batch_size=64, num_classes=10, test_fraction=0, cache="off"
    ).evaluation_images("train")
    assert (len(train), len(test), len(every)) == (1438, 359, 1797)
    assert sorted(pixels(train) + pixels(test)) == sorted(pixels(every))
    labels = np.concatenate([train.labels, test.labels])
    assert np.bincount(labels).tolist() == np.bincount(every.labels).tolist()
    assert np.bincount(test.labels).min() > 20
    assert module.true_split("test") == module.evaluation_split() == "test"


@pytest.mark.parametrize("cache", ["auto", "off"])
def test_the_same_images_are_held_out_wherever_the_folder_is_and_whatever_the_seed(cache, pictures, tmp_path):
    shutil.copytree(pictures, tmp_path / "elsewhere")
    modules = [
        Folder(root=str(root), test_fraction=0.25, seed=seed, cache=cache, **SMALL)
        for root, seed in ((pictures, 0), (tmp_path / "elsewhere", 7))
    ]
    (one,), (other,) = (module.evaluation_images("test") for module in modules)
    assert pixels(one) == pixels(other)
    assert len(one) == 5
    (train,) = modules[0].evaluation_images("train")
    assert not set(pixels(one)) & set(pixels(train))
    modules[0].setup("fit")
    assert modules[0].train[0].fingerprint == train.fingerprint


def test_images_are_held_out_by_their_names_and_keep_their_order_and_labels():
    images = ArrayImages(np.arange(40 * 4, dtype=np.uint8).reshape(40, 2, 2), np.arange(40), [Source("some", 40, 0)])
    parts = divided(images, 0.3)
    assert (len(parts["train"]), len(parts["test"])) == (28, 12)
    numbers = [parts[split].labels.tolist() for split in ("train", "test")]
    assert sorted(numbers[0] + numbers[1]) == list(range(40))
    assert numbers == [sorted(each) for each in numbers]
    assert numbers[1] != list(range(numbers[1][0], numbers[1][0] + 12))
    first = parts["test"][0][0]
    assert np.asarray(first).tolist() == images.pixels[numbers[1][0]].tolist()
    assert parts["test"].name(0) == f"number {numbers[1][0]}"
    assert parts["train"].sources() != parts["test"].sources()


def test_pairs_and_domains_without_test_folders_can_hold_some_out(pairs, faces, two_domains, tmp_path):
    (tmp_path / "train").symlink_to(pairs / "train")
    paired = Paired(root=str(tmp_path), test_fraction=0.25, **SMALL)
    assert [[len(side) for side in paired.evaluation_images(split)] for split in ("train", "test")] == [[9, 9], [3, 3]]
    unpaired = Unpaired(root_x=str(faces), root_y=str(two_domains / "trainB"), test_fraction=0.5, **SMALL)
    assert [len(side) for side in unpaired.evaluation_images("test")] == [12, 3]


def test_training_and_crops_see_no_image_that_is_held_out(pictures):
    module = Folder(root=str(pictures), test_fraction=0.25, load_size=19, **SMALL)
    module.setup("fit")
    assert len(module.train[0]) == 15
    assert module.train[0].rows([0]).shape[-1] == 19
    assert next(module.evaluation_batches("test", 9, torch.device("cpu"))).images.shape == (5, 3, 16, 16)


def test_a_folder_of_test_images_is_the_test_split(pictures, tmp_path):
    (tmp_path / "more").mkdir()
    for number in range(3):
        picture(100 + number).save(tmp_path / "more" / f"{number}.png")
    module = Folder(root=str(pictures), test_root=str(tmp_path / "more"), **SMALL)
    assert [len(module.evaluation_images(split)[0]) for split in ("train", "test")] == [20, 3]
    assert module.true_split("test") == "test"


def test_classes_of_a_test_folder_have_the_numbers_of_the_training_folder(classes, tmp_path):
    for name in ("dogs", "owls"):
        shutil.copytree(classes / name, tmp_path / "test" / name)
    module = LabelledFolder(root=str(classes), test_root=str(tmp_path / "test"), num_classes=3, **SMALL)
    (test,) = module.evaluation_images("test")
    assert test.labels.tolist() == [1] * 5 + [2] * 5
    shutil.copytree(classes / "cats", tmp_path / "test" / "cows")
    module = LabelledFolder(root=str(classes), test_root=str(tmp_path / "test"), num_classes=3, **SMALL)
    with pytest.raises(
        ValueError, match=r"data.test_root must have sub-folders of the same names.*; cows is not among"
    ):
        module.evaluation_images("test")


def test_a_test_folder_inside_the_training_folder_is_refused(pictures, tmp_path):
    (pictures / "test").mkdir()
    for test_root in (pictures, pictures / "test", tmp_path):
        with pytest.raises(ValueError, match=r"data.test_root must be a folder beside data.root"):
            Folder(root=str(pictures), test_root=str(test_root), **SMALL)


def test_a_fraction_is_refused_where_nothing_would_be_left_or_there_are_test_images_already(pictures, pairs, composed):
    for fraction, said in (
        (0.01, "leave images to train on and images to test on; 0.01 of 20 are 0"),
        (0.99, "are 20"),
    ):
        with pytest.raises(ValueError, match=said):
            Folder(root=str(pictures), test_fraction=fraction, **SMALL).setup("fit")
    with pytest.raises(ValueError, match=r"data.test_fraction must be at least 0 and less than 1; got 1"):
        Folder(root=str(pictures), test_fraction=1, **SMALL)
    with pytest.raises(ValueError, match=r"test images of their own, which are 4 here; got 0.5"):
        Paired(root=str(pairs), test_fraction=0.5, **SMALL).setup("fit")
    photos = instantiate(composed("model=cyclegan", "data=photos_unpaired", "data.test_fraction=0.5").data)
    with pytest.raises(ValueError, match=r"data.test_fraction must be 0 where the data have test images"):
        photos.setup("fit")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("folder", r"no test images; data.test_root=DIR .* data.test_fraction=0.1"),
        ("folder_labelled", r"no test images; data.test_root=DIR .* data.test_fraction=0.1"),
        ("anime_faces", r"no test images; data.test_root=DIR .* data.test_fraction=0.1"),
        ("celeba", r"data.split=all trains on all of CelebA and has no test images"),
        ("digits", r"data=digits has no test images while data.test_fraction is 0"),
    ],
)
def test_a_set_without_test_images_says_so(data, said, composed, roots):
    fraction = ["data.test_fraction=0"] if data == "digits" else []
    module = instantiate(composed(f"data={data}", "data.image_size=16", *roots[data], *fraction).data)
    with pytest.raises(ValueError, match=said):
        module.evaluation_images("test")
    assert module.evaluation_split() == "train"
