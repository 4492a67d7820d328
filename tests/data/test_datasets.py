"""The data sets of one domain: what is found, how it is labelled, and what is said where files are missing."""

import gzip
import logging
import pickle
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from gan_lightning.data.celeba import CelebA
from gan_lightning.data.cifar10 import CIFAR10
from gan_lightning.data.digits import Digits
from gan_lightning.data.folder import Folder, LabelledFolder
from gan_lightning.data.listing import image_files
from gan_lightning.data.mnist import MNIST
from gan_lightning.data.transforms import Shape, fitted
from support.batches import epoch_of
from support.configuration import CONF, MNIST_ROOT, options
from support.small_files import picture, write_idx


def test_digits_are_scikit_learns_own():
    batches = epoch_of(Digits(image_size=8, channels=1, batch_size=1797, num_classes=10, test_fraction=0))
    assert len(batches) == 1
    images, labels = batches[0]
    assert images.shape == (1797, 1, 8, 8)
    assert (images.min(), images.max()) == (-1, 1)
    assert torch.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


@pytest.mark.skipif(not MNIST_ROOT.is_dir(), reason="MNIST's files are not beside this checkout")
def test_mnist_is_read_from_its_official_files():
    module = MNIST(image_size=28, channels=1, batch_size=128, num_classes=10, root=str(MNIST_ROOT))
    train, test = module.images("train"), module.images("test")
    assert (len(train), len(test)) == (60_000, 10_000)
    assert train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert train.pixels.mean() == pytest.approx(33.318, abs=0.001)


def test_mnist_is_read_packed_and_as_torchvision_lays_it(small_mnist, tmp_path):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for file in small_mnist.iterdir():
        (raw / file.stem).write_bytes(gzip.decompress(file.read_bytes()))
    shape = {"image_size": 28, "channels": 1, "batch_size": 40, "num_classes": 10}
    packed, laid = (epoch_of(MNIST(root=str(root), **shape))[0] for root in (small_mnist, tmp_path))
    assert torch.equal(packed.images, laid.images)
    assert torch.equal(packed.labels, laid.labels)


def test_missing_mnist_says_where_to_put_it(tmp_path):
    module = MNIST(image_size=28, channels=1, batch_size=4, root=str(tmp_path))
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte.*into .*" + tmp_path.name):
        epoch_of(module)


def test_a_download_that_fails_says_where_to_put_the_files(tmp_path, offline):
    module = MNIST(image_size=28, channels=1, batch_size=4, root=str(tmp_path / "minst" / "raw"), download=True)
    with pytest.raises(ValueError, match=r"could not be downloaded.*put the four official files.*that does not exist"):
        module.prepare_data()
    assert [file for file in tmp_path.rglob("*") if "minst" in file.name] == [], "a misspelt folder is not made"
    offline.unlink()  # the attempt was meant


def test_mnist_in_another_folder_nearby_is_named_before_anything_is_downloaded(small_mnist, tmp_path, caplog, offline):
    place = tmp_path / "mnist"
    shutil.copytree(small_mnist, place)

    def refusal(root):
        with pytest.raises(ValueError, match="data") as caught:
            MNIST(image_size=28, channels=1, batch_size=4, root=str(root), download=True).prepare_data()
        return str(caught.value)

    assert f"did you mean data.root={place}?" in refusal(tmp_path / "mnits")
    assert refusal(tmp_path).endswith(f"but in {place}; type data.root={place}")
    file = next(place.iterdir())
    assert refusal(file).endswith(f"{file} is a file; type data.root={place}")
    assert (
        "DIR stands for a folder of your own in examples; type the folder that holds the files of MNIST or that"
        in refusal(tmp_path / "DIR")
    )
    assert not offline.exists(), "nothing was downloaded"
    with caplog.at_level("INFO"):
        assert refusal(tmp_path / "elsewhere").endswith("if you have them elsewhere, type data.root=FOLDER")
    assert f"there is no folder {tmp_path / 'elsewhere'} yet; MNIST is downloaded into it" in caplog.text
    offline.unlink()  # the attempt was meant


def test_a_damaged_mnist_file_is_named(tmp_path):
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(b"\x1f\x8b no gzip")
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.array([3, 4]))
    with pytest.raises(ValueError, match="train-images-idx3-ubyte.gz cannot be read as an IDX file"):
        epoch_of(MNIST(image_size=28, channels=1, batch_size=4, root=str(tmp_path)))


def test_an_idx_file_reads_back(tmp_path):
    pixels = np.arange(2 * 28 * 28).reshape(2, 28, 28) % 256
    write_idx(tmp_path / "train-images-idx3-ubyte", pixels)
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.array([3, 4]))
    digits = MNIST(image_size=28, channels=1, batch_size=2, root=str(tmp_path)).images("train")
    assert (digits.pixels == pixels).all()
    assert digits.labels.tolist() == [3, 4]


CELEBA = {"image_size": 16, "channels": 3, "batch_size": 8, "center_crop": 178}


def counts(**settings):
    """The number of images of each split of CelebA."""
    module = CelebA(**CELEBA, **settings)
    return len(module.images("train")), len(module.images("test"))


@pytest.fixture
def partitioned(faces, tmp_path):
    """CelebA's folder with its official file: 16 images for training, 4 for validation, 4 for tests."""
    (tmp_path / "celeba").mkdir()
    (tmp_path / "celeba" / "img_align_celeba").symlink_to(faces / "img_align_celeba")
    parts = [f"{number:06d}.jpg {0 if number <= 16 else 1 if number <= 20 else 2}" for number in range(1, 25)]
    (tmp_path / "celeba" / "list_eval_partition.txt").write_text("\n".join(parts))
    return tmp_path


def test_celeba_is_found_in_each_layout(faces, partitioned):
    for root in (faces, faces / "img_align_celeba", partitioned):
        assert len(CelebA(**CELEBA, root=str(root)).images("train")) == 24


def test_celebas_official_file_makes_the_splits_where_that_is_asked_for_and_only_there(faces, partitioned):
    assert counts(root=str(partitioned), split="official") == (20, 4)
    assert len(CelebA(**CELEBA, root=str(partitioned), split="all").images("train")) == 24
    with pytest.raises(ValueError, match=r"^data.split=official needs list_eval_partition.txt .* use data.split=all$"):
        counts(root=str(faces), split="official")


def test_all_of_celeba_leaves_no_test_images_and_the_official_file_does(partitioned):
    every, official = (CelebA(**CELEBA, root=str(partitioned), split=split) for split in ("all", "official"))
    assert (every.evaluation_split(), official.evaluation_split()) == ("train", "test")
    assert official.true_split("test") == "test"


def test_experiments_on_celeba_train_on_what_their_sources_train_on(composed):
    files = {name: (CONF / "experiment" / f"{name}.yaml").read_text() for name in options("experiment")}
    experiments = [name for name, text in files.items() if "/data: celeba" in text]
    splits = {name: composed(f"experiment={name}").data.split for name in experiments}
    assert len(splits) >= 6
    assert {name for name, split in splits.items() if split == "official"} == {"tutorial/jittor_lsgan_celeba"}


def test_celeba_without_images_says_where_they_belong(tmp_path):
    with pytest.raises(ValueError, match="img_align_celeba/000001.jpg"):
        epoch_of(CelebA(root=str(tmp_path), image_size=16, channels=3, batch_size=8))


def test_an_attribute_makes_two_classes(epoch):
    (batch,) = epoch("celeba_attribute", "data.batch_size=24")
    assert torch.bincount(batch.labels).tolist() == [8, 16]
    with pytest.raises(ValueError, match="must be one of Smiling, Young; got Bald"):
        epoch("celeba_attribute", "data.attribute=Bald")


def test_cifar10_is_read_from_its_official_batches(small_cifar10):
    module = CIFAR10(image_size=32, channels=3, batch_size=4, root=str(small_cifar10), num_classes=10)
    train, test = module.images("train"), module.images("test")
    assert (len(train), len(test)) == (100, 20)
    with (small_cifar10 / "cifar-10-batches-py" / "data_batch_1").open("rb") as stream:
        first = pickle.load(stream, encoding="bytes")[b"data"][0].reshape(3, 32, 32)
    assert (fitted(train[0][0], Shape(32, 3)) == first).all()
    assert train.labels[:12].tolist() == [*range(10), 0, 1]


@pytest.mark.parametrize("content", [b"", b"no pickle", pickle.dumps(print), pickle.dumps({b"data": np.int64})])
def test_a_file_that_is_no_batch_of_cifar10_is_refused_and_not_run(content, tmp_path):
    for name in [f"data_batch_{number}" for number in range(1, 6)]:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match="data_batch_1 is no batch of CIFAR-10"):
        CIFAR10(image_size=32, channels=3, batch_size=4, root=str(tmp_path)).images("train")


def test_missing_cifar10_says_where_to_put_it(tmp_path):
    with pytest.raises(ValueError, match="put the official folder at .*cifar-10-batches-py"):
        CIFAR10(image_size=32, channels=3, batch_size=4, root=str(tmp_path)).images("train")


def test_a_folder_may_be_flat_nested_or_in_classes(tmp_path):
    for name in ("a.png", "sub/b.PNG", "sub/sub/c.jpeg", "类别/d.webp", ".hidden.png", "._mac.jpg", "notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".txt"):
            (tmp_path / name).write_text("no image")
        else:
            picture(3).save(tmp_path / name)
    batches = epoch_of(Folder(root=str(tmp_path), image_size=16, channels=3, batch_size=4))
    assert [len(batch.images) for batch in batches] == [4]


@pytest.mark.parametrize(
    ("made", "said"), [(None, "there is no folder"), ("empty", "no files at all"), ("text", "only 3 .txt files")]
)
def test_a_folder_without_images_says_what_it_holds(made, said, tmp_path):
    root = tmp_path / "images"
    if made:
        root.mkdir()
    for number in range(3 if made == "text" else 0):
        (root / f"{number}.txt").write_text("no image")
    with pytest.raises(ValueError, match=said):
        epoch_of(Folder(root=str(root), image_size=16, channels=3, batch_size=4))


def test_class_folders_are_counted_and_numbered_in_alphabetical_order(composed, epoch, roots, classes):
    assert composed("data=folder_labelled", *roots["folder_labelled"]).data.num_classes == 3
    (batch,) = epoch("folder_labelled", "data.batch_size=15")
    assert torch.bincount(batch.labels).tolist() == [5, 5, 5]
    dog = torch.from_numpy(fitted(Image.open(classes / "dogs" / "0.png"), Shape(16, 3))) / 127.5 - 1
    (place,) = (number for number, image in enumerate(batch.images) if torch.allclose(image, dog))
    assert batch.labels[place] == 1


def test_a_class_alone_and_a_folder_without_images_get_a_line(tmp_path, caplog):
    tmp_path = tmp_path / "classes"
    tmp_path.mkdir()
    for name in ("cat", "dog", "outputs"):
        (tmp_path / name).mkdir()
    for number in range(4):
        picture(number).save(tmp_path / "cat" / f"{number}.png")
    epoch_of(LabelledFolder(root=str(tmp_path), image_size=16, channels=3, batch_size=4, num_classes=1))
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert f"{tmp_path}: dog holds no images and is no class" in said
    assert any("has one class alone, cat" in line for line in said)


def test_pictures_of_a_kind_that_is_not_read_are_left_out_with_a_line(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    tmp_path = tmp_path / "pictures"
    tmp_path.mkdir()
    picture(0).save(tmp_path / "0.png")
    for name in ("1.heic", "2.HEIC", "notes.txt"):
        (tmp_path / name).write_text("none")
    assert [file.name for file in image_files(tmp_path)] == ["0.png"]
    assert "left out 2 .heic files, because that kind cannot be read; convert to JPEG or PNG" in caplog.text
    assert "left out 1 .txt file, which is no image by its name" in caplog.text


def test_fewer_classes_than_labels_are_refused(epoch):
    with pytest.raises(ValueError, match="data.num_classes must be at least 10 for these labels; got 7"):
        epoch("digits", "data.num_classes=7")


def test_classes_of_images_without_labels_are_refused(faces):
    module = Folder(root=str(faces), image_size=16, channels=3, batch_size=4, num_classes=2)
    with pytest.raises(ValueError, match="data.num_classes must be null.* no labels; got 2"):
        module.setup("fit")


def test_a_hugging_face_data_set_is_read_from_local_files(epoch, classes):
    (batch,) = epoch("hf", "data.batch_size=15", "data.label=label", "data.num_classes=3")
    assert torch.bincount(batch.labels).tolist() == [5, 5, 5]
    with pytest.raises(ValueError, match="data.image must be one of image, label; got picture"):
        epoch("hf", "data.image=picture")
