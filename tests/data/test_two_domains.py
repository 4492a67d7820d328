"""Aligned pairs and two domains, from folders and from scikit-learn's photographs."""

import numpy as np
import pytest
import torch
from PIL import Image

from gan_lightning.data.paired import Paired
from gan_lightning.data.photos import PhotosPaired, PhotosUnpaired
from gan_lightning.data.transforms import Shape, fitted
from gan_lightning.data.unpaired import Unpaired
from support.small_files import picture


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


def test_an_image_without_a_partner_is_named(two_folders, epoch):
    (two_folders / "B" / "7.png").rename(two_folders / "B" / "seven.png")
    with pytest.raises(ValueError, match="2 images have no partner .*the first is [AB]/7.png"):
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


def test_folders_without_a_test_split_do_not_pass_off_training_images_as_one(two_folders, faces, two_domains):
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
        assert module.evaluation_split() == "train"
        x, y = module.evaluation_images("train")
        assert x.rows([0, 1, 2]).shape == y.rows([0, 1, 2]).shape == (3, 3, 16, 16)
    (two_folders / "A" / "test").mkdir()
    picture(1, 20, 20).save(two_folders / "A" / "test" / "1.png")
    with pytest.raises(ValueError, match="there are no test pairs"):
        Paired(root=str(two_folders), **shape).domains("test")


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
    with pytest.raises(ValueError, match="data.root_y must be given too; type data.root_y=FOLDER"):
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


def test_photographs_are_cut_larger_for_training_and_not_for_tests():
    module = PhotosUnpaired(image_size=64, channels=3, batch_size=4, load_size=72)
    assert [module.domains(split)[0].side for split in ("train", "test")] == [72, 64]
    with pytest.raises(ValueError, match=r"data.load_size must be at most 427, the height of the photographs; got 428"):
        PhotosUnpaired(image_size=64, channels=3, batch_size=4, load_size=428).domains("train")


def test_gray_and_colour_crops_belong_together():
    pairs = PhotosPaired(image_size=64, channels=3, batch_size=4).domains("train")[0]
    gray, colour = (np.asarray(part).astype(int) for part in pairs[100])
    assert (gray[..., 0] == gray[..., 2]).all()
    assert np.abs(gray[..., 0] - colour @ [0.299, 0.587, 0.114]).max() <= 1
    assert (colour[..., 0] != colour[..., 2]).any()
