"""Labels, pairs and two domains, from folders and from what is embedded."""

import pickle

import numpy as np
import pytest
import torch
from hydra.utils import instantiate
from PIL import Image

from gan_lightning.data.cifar10 import CIFAR10
from gan_lightning.data.paired import Paired
from gan_lightning.data.photos import PhotosPaired, PhotosUnpaired
from gan_lightning.data.transforms import Shape, fitted
from gan_lightning.data.unpaired import Unpaired
from support.small_files import picture


@pytest.fixture
def epoch(composed, roots):
    """All batches of a data set's first epoch, by configuration."""

    def batches(data, *overrides):
        module = instantiate(composed(f"data={data}", "data.image_size=16", *roots[data], *overrides).data)
        module.setup("fit")
        return [module.on_after_batch_transfer(batch, 0) for batch in module.train_dataloader()]

    return batches


def test_class_folders_are_counted_and_numbered_in_alphabetical_order(composed, epoch, roots, classes):
    assert composed("data=folder_labelled", *roots["folder_labelled"]).data.num_classes == 3
    (batch,) = epoch("folder_labelled", "data.batch_size=15")
    assert torch.bincount(batch.labels).tolist() == [5, 5, 5]
    dog = torch.from_numpy(fitted(Image.open(classes / "dogs" / "0.png"), Shape(16, 3))) / 127.5 - 1
    (place,) = (number for number, image in enumerate(batch.images) if torch.allclose(image, dog))
    assert batch.labels[place] == 1


def test_fewer_classes_than_labels_are_refused(epoch):
    with pytest.raises(ValueError, match="data.num_classes must be at least 10 here; got 7"):
        epoch("digits", "data.num_classes=7")


def test_an_attribute_makes_two_classes(epoch):
    (batch,) = epoch("celeba_attribute", "data.batch_size=24")
    assert torch.bincount(batch.labels).tolist() == [8, 16]
    with pytest.raises(ValueError, match="must be one of Smiling, Young; got Bald"):
        epoch("celeba_attribute", "data.attribute=Bald")


def test_cifar10_is_read_from_its_official_batches(small_cifar10):
    module = CIFAR10(image_size=32, channels=3, batch_size=4, root=str(small_cifar10), num_classes=10)
    train, test = module.pictures("train"), module.pictures("test")
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
        CIFAR10(image_size=32, channels=3, batch_size=4, root=str(tmp_path)).pictures("train")


def test_missing_cifar10_says_where_to_put_it(tmp_path):
    with pytest.raises(ValueError, match="put the official folder at .*cifar-10-batches-py"):
        CIFAR10(image_size=32, channels=3, batch_size=4, root=str(tmp_path)).pictures("train")


def parts(root, number, split="train"):
    both = Image.open(root / split / f"{number}.png")
    sides = both.crop((0, 0, 20, 20)), both.crop((20, 0, 40, 20))
    return [torch.from_numpy(fitted(side, Shape(16, 3))) / 127.5 - 1 for side in sides]


@pytest.mark.parametrize("direction", ["ab", "ba"])
def test_pairs_side_by_side_stay_together(direction, epoch, pairs):
    (batch,) = epoch("paired", "data.batch_size=12", f"data.direction={direction}", "data.flip=true")
    given = [parts(pairs, number) for number in range(12)]
    seen = set()
    for x, y in zip(batch.x, batch.y, strict=True):
        a, b = (x, y) if direction == "ab" else (y, x)
        for number, (left, right) in enumerate(given):
            if torch.equal(a, left) or torch.equal(a.flip(-1), left):
                assert torch.equal(b, right) if torch.equal(a, left) else torch.equal(b.flip(-1), right)
                seen.add(number)
    assert seen == set(range(12))


@pytest.fixture
def two_folders(tmp_path, pairs):
    for side, box in (("A", (0, 0, 20, 20)), ("B", (20, 0, 40, 20))):
        (tmp_path / "p" / side).mkdir(parents=True)
        for number in range(12):
            Image.open(pairs / "train" / f"{number}.png").crop(box).save(tmp_path / "p" / side / f"{number}.png")
    return tmp_path / "p"


def test_two_folders_give_the_same_pairs_as_files_side_by_side(two_folders, epoch):
    (beside,) = epoch("paired", "data.batch_size=12")
    (apart,) = epoch("paired", "data.batch_size=12", f"data.root={two_folders}")
    assert torch.equal(beside.x.sum(0), apart.x.sum(0))
    pairs_of = [{(x.sum().item(), y.sum().item()) for x, y in zip(*batch, strict=True)} for batch in (beside, apart)]
    assert pairs_of[0] == pairs_of[1]


def test_a_picture_without_a_partner_is_named(two_folders, epoch):
    (two_folders / "B" / "7.png").rename(two_folders / "B" / "seven.png")
    with pytest.raises(ValueError, match="2 pictures have no partner .*the first is 7"):
        epoch("paired", f"data.root={two_folders}")


def test_a_pair_of_two_sizes_is_left_out_as_a_whole(two_folders, epoch):
    picture(1, 30, 30).save(two_folders / "B" / "7.png")
    (batch,) = epoch("paired", "data.batch_size=12", f"data.root={two_folders}", "data.max_bad=0.5")
    assert len(batch.x) == len(batch.y) == 11
    with pytest.raises(ValueError, match=r"7.png: 20x20 pixels beside 30x30"):
        epoch("paired", f"data.root={two_folders}", "data.on_bad=raise")


def test_the_test_split_of_pairs_may_be_called_val(pairs, tmp_path):
    (tmp_path / "train").symlink_to(pairs / "train")
    (tmp_path / "val").symlink_to(pairs / "test")
    module = Paired(root=str(tmp_path), image_size=16, channels=3, batch_size=2)
    assert len(module.domains("test")[0]) == 4


def test_folders_without_a_test_split_do_not_pass_off_training_pictures_as_one(two_folders, faces, two_domains):
    shape = dict(image_size=16, channels=3, batch_size=2, cache="off")
    for module, said in (
        (Paired(root=str(two_folders), **shape), "there are no test pairs; put some into .*A/test and .*B/test"),
        (Unpaired(root_x=str(faces), root_y=str(two_domains / "trainB"), **shape), "root_y have no test images"),
    ):
        assert len(module.domains("train")[0]) in (12, 24)
        with pytest.raises(ValueError, match=said):
            module.domains("test")
        with pytest.raises(ValueError, match=said):
            module.evaluation_batches("test", 2, torch.device("cpu"))
        shown = module.spread(3, torch.device("cpu"))
        assert shown.x.shape == shown.y.shape == (3, 3, 16, 16)
    (two_folders / "A" / "test").mkdir()
    picture(1, 20, 20).save(two_folders / "A" / "test" / "1.png")
    with pytest.raises(ValueError, match="there are no test pairs"):
        Paired(root=str(two_folders), **shape).domains("test")


def test_still_crops_of_photographs_are_never_shrunken_ones():
    module = PhotosUnpaired(image_size=32, channels=3, batch_size=2, load_size=48, cache="off")
    larger = [torch.from_numpy(store.rows([0])) for store in module.stores("train")]
    still = next(iter(module.evaluation_batches("train", 1, torch.device("cpu"))))
    for image, whole in zip(still, larger, strict=True):
        assert whole.shape[-1] == 48
        torch.testing.assert_close(image, whole[..., 8:40, 8:40] / 127.5 - 1)


@pytest.mark.parametrize("data", ["unpaired", "horse2zebra"])
def test_an_epoch_of_two_domains_is_the_larger_and_uses_the_smaller_evenly(data, epoch):
    batches = epoch(data, "data.batch_size=2")
    assert len(batches) == 5
    x = torch.cat([batch.x for batch in batches])
    y = torch.cat([batch.y for batch in batches])
    assert len({image.sum().item() for image in x}) == 10
    times = [sum(torch.equal(image, other) for other in y) for image in y]
    assert len({image.sum().item() for image in y}) == 6
    assert sorted(set(times)) == [1, 2]


def test_two_roots_make_two_domains(faces, two_domains, epoch):
    batches = epoch(
        "unpaired",
        "data.root=null",
        f"data.root_x={faces}",
        f"data.root_y={two_domains / 'trainB'}",
        "data.batch_size=6",
    )
    assert sum(len(batch.x) for batch in batches) == 24
    with pytest.raises(ValueError, match="data.root_y must name a folder"):
        epoch("unpaired", "data.root=null", f"data.root_x={faces}")


def test_an_empty_domain_is_named(two_domains, tmp_path):
    (tmp_path / "trainA").symlink_to(two_domains / "trainA")
    (tmp_path / "trainB").mkdir()
    module = Unpaired(root=str(tmp_path), image_size=16, channels=3, batch_size=2)
    with pytest.raises(ValueError, match=r"trainB holds no files at all"):
        module.domains("train")


def test_embedded_photographs_are_split_without_overlap():
    module = PhotosUnpaired(image_size=64, channels=3, batch_size=4)
    train, test = module.domains("train"), module.domains("test")
    assert [len(domain) for domain in (*train, *test)] == [621, 621, 161, 161]
    rightmost = max(x + 64 for _, x, _ in train[0].places)
    assert rightmost <= min(x for _, x, _ in test[0].places) == 480
    with pytest.raises(ValueError, match="image_size must be at most 160"):
        PhotosUnpaired(image_size=200, channels=3, batch_size=4).domains("test")


def test_gray_and_colour_crops_belong_together():
    pictures = PhotosPaired(image_size=64, channels=3, batch_size=4).domains("train")[0]
    gray, colour = (np.asarray(part).astype(int) for part in pictures[100])
    assert (gray[..., 0] == gray[..., 2]).all()
    assert np.abs(gray[..., 0] - colour @ [0.299, 0.587, 0.114]).max() <= 1
    assert (colour[..., 0] != colour[..., 2]).any()


def test_a_hugging_face_data_set_is_read_from_local_files(epoch, classes):
    (batch,) = epoch("hf", "data.batch_size=15", "data.label=label", "data.num_classes=3")
    assert torch.bincount(batch.labels).tolist() == [5, 5, 5]
    with pytest.raises(ValueError, match="data.image must be one of image, label; got picture"):
        epoch("hf", "data.image=picture")


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_a_wide_picture_is_fitted_as_wanted(fit):
    wide = Image.new("RGB", (32, 16), "white")
    wide.paste("red", (0, 0, 8, 16))
    pixels = fitted(wide, Shape(16, 3, fit))
    red = (pixels[1] < 128) & (pixels[0] > 128)
    black = (pixels == 0).all(0)
    assert (red.mean().round(2), black.mean().round(2)) == {"crop": (0, 0), "pad": (0.12, 0.5), "stretch": (0.25, 0)}[
        fit
    ]
