"""The data sets: what is found, how it is fitted, in which order it comes."""

import gzip

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2

from gan_lightning.data.celeba import CelebA
from gan_lightning.data.digits import Digits
from gan_lightning.data.folder import Folder
from gan_lightning.data.loader import EpochOrder
from gan_lightning.data.mnist import MNIST
from gan_lightning.data.transforms import Shape, fitted
from support.configuration import MNIST_ROOT
from support.small_files import picture, write_idx


def loaded(module, epoch=0):
    """All batches of an epoch, images in [-1, 1]."""
    module.prepare_data()
    module.setup("fit")
    loader = module.train_dataloader()
    loader.sampler.set_epoch(epoch)
    return [module.on_after_batch_transfer(batch, 0) for batch in loader]


@pytest.mark.parametrize(("width", "height"), [(178, 218), (300, 60), (31, 31), (20, 50)])
@pytest.mark.parametrize("size", [32, 64])
@pytest.mark.parametrize("crop", [None, 178])
def test_fitting_equals_torchvisions_transforms(width, height, size, crop):
    given = picture(0, width, height)
    middle = [v2.CenterCrop((min(crop, height), min(crop, width)))] if crop else []
    expected = v2.Compose([*middle, v2.Resize(size, antialias=True), v2.CenterCrop(size), v2.PILToTensor()])(given)
    assert np.abs(fitted(given, Shape(size, 3, "crop", crop)).astype(int) - expected.numpy()).max() <= 1


def test_modes_become_the_wanted_channels():
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    assert (fitted(clear, Shape(8, 3)) == 255).all(), "transparent is white, not the colour that hides beneath"
    for mode in ("1", "L", "P", "RGB", "RGBA", "CMYK", "LA", "YCbCr", "I;16", "I"):
        given = (
            picture(1, 9, 9).convert("L").convert(mode)
            if mode in ("LA", "I;16", "I")
            else picture(1, 9, 9).convert(mode)
        )
        assert fitted(given, Shape(8, 3)).shape == (3, 8, 8)
        assert fitted(given, Shape(8, 1)).shape == (1, 8, 8)


def test_a_rotated_camera_picture_is_turned_upright(tmp_path):
    given = picture(2, 16, 16)
    exif = Image.Exif()
    exif[0x0112] = 6
    given.rotate(90).save(tmp_path / "turned.png", exif=exif)
    assert (
        np.abs(
            fitted(Image.open(tmp_path / "turned.png"), Shape(16, 3)).astype(int) - fitted(given, Shape(16, 3))
        ).max()
        <= 1
    )


def test_digits_are_scikit_learns_own():
    batches = loaded(Digits(image_size=8, channels=1, batch_size=1797, num_classes=10))
    assert len(batches) == 1
    images, labels = batches[0]
    assert images.shape == (1797, 1, 8, 8)
    assert (images.min(), images.max()) == (-1, 1)
    assert torch.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


@pytest.mark.skipif(not MNIST_ROOT.is_dir(), reason="MNIST's files are not beside this checkout")
def test_mnist_is_read_from_its_official_files():
    module = MNIST(image_size=28, channels=1, batch_size=128, num_classes=10, root=str(MNIST_ROOT))
    train, test = module.pictures("train"), module.pictures("test")
    assert (len(train), len(test)) == (60_000, 10_000)
    assert train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert train.pixels.mean() == pytest.approx(33.318, abs=0.001)


def test_mnist_is_read_packed_and_as_torchvision_lays_it(small_mnist, tmp_path):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for file in small_mnist.iterdir():
        (raw / file.stem).write_bytes(gzip.decompress(file.read_bytes()))
    shape = {"image_size": 28, "channels": 1, "batch_size": 40, "num_classes": 10}
    packed, laid = (loaded(MNIST(root=str(root), **shape))[0] for root in (small_mnist, tmp_path))
    assert torch.equal(packed.images, laid.images)
    assert torch.equal(packed.labels, laid.labels)


def test_missing_mnist_says_where_to_put_it(tmp_path):
    module = MNIST(image_size=28, channels=1, batch_size=4, root=str(tmp_path))
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte.*into .*" + tmp_path.name):
        loaded(module)


def test_a_download_that_fails_says_where_to_put_the_files(tmp_path, offline):
    module = MNIST(image_size=28, channels=1, batch_size=4, root=str(tmp_path), download=True)
    with pytest.raises(ValueError, match=r"could not be downloaded.*put the four official files"):
        module.prepare_data()
    offline.unlink()  # the attempt was meant


def test_a_damaged_mnist_file_is_named(tmp_path):
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(b"\x1f\x8b no gzip")
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.array([3, 4]))
    with pytest.raises(ValueError, match="train-images-idx3-ubyte.gz cannot be read as an IDX file"):
        loaded(MNIST(image_size=28, channels=1, batch_size=4, root=str(tmp_path)))


def test_celeba_is_found_in_each_layout_and_split_by_its_official_file(faces, tmp_path):
    shape = {"image_size": 16, "channels": 3, "batch_size": 8, "center_crop": 178}
    inside = CelebA(root=str(faces / "img_align_celeba"), **shape)
    assert len(inside.pictures("train")) == len(CelebA(root=str(faces), **shape).pictures("train")) == 24
    (tmp_path / "celeba").mkdir()
    (tmp_path / "celeba" / "img_align_celeba").symlink_to(faces / "img_align_celeba")
    lines = [f"{number:06d}.jpg {0 if number <= 20 else 2}" for number in range(1, 25)]
    (tmp_path / "celeba" / "list_eval_partition.txt").write_text("\n".join(lines))
    split = CelebA(root=str(tmp_path), **shape)
    assert (len(split.pictures("train")), len(split.pictures("test"))) == (20, 4)


def test_celeba_without_images_says_where_they_belong(tmp_path):
    with pytest.raises(ValueError, match="img_align_celeba/000001.jpg"):
        loaded(CelebA(root=str(tmp_path), image_size=16, channels=3, batch_size=8))


def test_a_folder_may_be_flat_nested_or_in_classes(tmp_path):
    for name in ("a.png", "sub/b.PNG", "sub/sub/c.jpeg", "类别/d.webp", ".hidden.png", "._mac.jpg", "notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".txt"):
            (tmp_path / name).write_text("no image")
        else:
            picture(3).save(tmp_path / name)
    batches = loaded(Folder(root=str(tmp_path), image_size=16, channels=3, batch_size=4))
    assert [len(batch.images) for batch in batches] == [4]


@pytest.mark.parametrize(
    ("made", "said"), [(None, "there is no folder"), ("empty", "no files at all"), ("text", "3 of .txt")]
)
def test_a_folder_without_images_says_what_it_holds(made, said, tmp_path):
    root = tmp_path / "images"
    if made:
        root.mkdir()
    for number in range(3 if made == "text" else 0):
        (root / f"{number}.txt").write_text("no image")
    with pytest.raises(ValueError, match=said):
        loaded(Folder(root=str(root), image_size=16, channels=3, batch_size=4))


def test_the_order_depends_on_seed_and_epoch_alone(faces):
    def order(seed, epoch):
        return [
            row
            for batch in loaded(Folder(root=str(faces), image_size=8, channels=3, batch_size=5, seed=seed), epoch)
            for row in batch.images
        ]

    first = torch.stack(order(0, 0))
    assert torch.equal(first, torch.stack(order(0, 0)))
    assert not torch.equal(first, torch.stack(order(1, 0)))
    assert not torch.equal(first, torch.stack(order(0, 1)))
    assert torch.equal(first.sum(0), torch.stack(order(0, 1)).sum(0)) or torch.allclose(
        first.sum(0), torch.stack(order(0, 1)).sum(0), atol=1e-4
    )


@pytest.mark.parametrize("drop_last", [True, False])
@pytest.mark.parametrize("counts", [[23], [23, 9]])
def test_ranks_share_each_global_batch_in_place_order_with_its_mirroring(counts, drop_last):
    whole = list(EpochOrder(counts, 8, drop_last, seed=3))
    parts = [list(EpochOrder(counts, 8, drop_last, seed=3, rank=rank, world=2)) for rank in (0, 1)]
    assert [len(step.indices[0]) for step in whole] == ([8, 8] if drop_last else [8, 8, 7])
    for step, left, right in zip(whole, *parts, strict=True):
        for all_rows, first, second in zip(
            (*step.indices, *step.flips), (*left.indices, *left.flips), (*right.indices, *right.flips), strict=True
        ):
            assert len(first) == len(second) == len(all_rows) // 2
            assert first + second == all_rows[: 2 * len(first)]


def test_drop_last_leaves_the_smaller_batch_out(faces):
    def sizes(drop):
        module = Folder(root=str(faces), image_size=8, channels=3, batch_size=10, drop_last=drop)
        return [len(batch.images) for batch in loaded(module)]

    assert sizes(False) == [10, 10, 4]
    assert sizes(True) == [10, 10]


def test_a_batch_larger_than_the_set_is_refused_where_it_would_be_dropped(faces):
    with pytest.raises(ValueError, match="at most the number of images, 24"):
        loaded(Folder(root=str(faces), image_size=8, channels=3, batch_size=25, drop_last=True))


def test_an_idx_file_reads_back(tmp_path):
    pixels = np.arange(2 * 28 * 28).reshape(2, 28, 28) % 256
    write_idx(tmp_path / "train-images-idx3-ubyte", pixels)
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.array([3, 4]))
    pictures = MNIST(image_size=28, channels=1, batch_size=2, root=str(tmp_path)).pictures("train")
    assert (pictures.pixels == pixels).all()
    assert pictures.labels.tolist() == [3, 4]
