"""Random crops for training, and still batches for pictures and scores."""

import numpy as np
import pytest
import torch
from lightning import LightningModule, Trainer

from gan_lightning.data.digits import Digits
from gan_lightning.data.folder import Folder
from gan_lightning.data.loader import EpochOrder
from gan_lightning.data.paired import Paired
from gan_lightning.data.photos import PhotosPaired, PhotosUnpaired
from gan_lightning.data.transforms import Shape, cropped, fitted, in_range, mirrored
from gan_lightning.data.unpaired import Unpaired
from support.small_files import picture

CPU = torch.device("cpu")
JITTERED = {"image_size": 16, "channels": 3, "load_size": 19}


def epoch(module, number=0):
    module.setup("fit")
    loader = module.train_dataloader()
    loader.sampler.set_epoch(number)
    return [module.on_after_batch_transfer(batch, 0) for batch in loader]


def same(one, other):
    return all(
        torch.equal(*fields)
        for first, second in zip(one, other, strict=True)
        for fields in zip(first, second, strict=True)
    )


def crops_of(image, size):
    """Every crop of an image, and each of them mirrored, by (top, left, flip)."""
    room = range(image.shape[-1] - size + 1)
    straight = {(top, left): image[:, top : top + size, left : left + size] for top in room for left in room}
    return {(*at, flip): crop.flip(-1) if flip else crop for at, crop in straight.items() for flip in (False, True)}


def places(image, crops):
    return {at for at, crop in crops.items() if torch.equal(image, crop)}


@pytest.mark.parametrize("flip", [False, True])
def test_training_batches_hold_crops_of_the_larger_fitted_pictures(flip, tmp_path):
    for number in range(6):
        picture(number).save(tmp_path / f"{number}.png")
    module = Folder(root=str(tmp_path), batch_size=3, flip=flip, **JITTERED)
    larger = [torch.from_numpy(fitted(picture(number), Shape(19, 3))) / 127.5 - 1 for number in range(6)]
    found = [
        {(number, *at) for number, whole in enumerate(larger) for at in places(image, crops_of(whole, 16))}
        for number in range(8)
        for batch in epoch(module, number)
        for image in batch.images
    ]
    assert len(found) == 48
    assert all(len(where) == 1 for where in found), "each is a crop of one picture"
    seen = set().union(*found)
    assert {at[0] for at in seen} == set(range(6))
    for axis in (1, 2):
        assert {at[axis] for at in seen} == {0, 1, 2, 3}, "all places up to the margin"
    assert {at[3] for at in seen} == ({False, True} if flip else {False})


def test_both_images_of_a_pair_get_the_same_crop_and_mirroring():
    module = PhotosPaired(image_size=32, channels=3, load_size=40, batch_size=8, flip=True)
    for x, y in epoch(module)[:20]:
        gray = (y + 1) / 2 * torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)
        assert (x[:, :1] + 1) / 2 == pytest.approx(gray.sum(1, keepdim=True), abs=1.1 / 255)


def test_two_domains_are_cropped_each_for_itself():
    order = EpochOrder([64, 64], 64, False, seed=0, margin=30)
    (step,) = order
    x, y = (torch.tensor(corners) for corners in step.corners)
    assert x.shape == y.shape == (64, 2)
    assert not torch.equal(x, y)
    assert not torch.equal(x[:, 0], x[:, 1])
    assert (min(x.min(), y.min()), max(x.max(), y.max())) == (0, 30)


def test_a_margin_leaves_order_and_mirroring_what_they_were():
    for plain, wide in zip(EpochOrder([23, 9], 8, False, 3), EpochOrder([23, 9], 8, False, 3, margin=30), strict=True):
        assert (plain.indices, plain.flips) == (wide.indices, wide.flips)
        assert all(corner == [0, 0] for corners in plain.corners for corner in corners)


def test_crops_are_a_function_of_seed_epoch_and_place_in_the_global_batch():
    def corners(seed=3, number=0, **place):
        order = EpochOrder([24, 9], 8, False, seed, margin=30, **place)
        order.set_epoch(number)
        return [step.corners for step in order]

    assert corners() == corners()
    assert corners() != corners(seed=4)
    assert corners() != corners(number=1)
    halves = corners(rank=0, world=2), corners(rank=1, world=2)
    for whole, left, right in zip(corners(), *halves, strict=True):
        assert all(first + second == both for both, first, second in zip(whole, left, right, strict=True))


@pytest.mark.parametrize("load_size", [None, 16])
def test_without_a_margin_a_batch_holds_the_pictures_themselves(load_size, pairs):
    module = Paired(root=str(pairs), image_size=16, channels=3, batch_size=12, load_size=load_size)
    (plain,) = epoch(Paired(root=str(pairs), image_size=16, channels=3, batch_size=12))
    assert same([plain], epoch(module))
    pixels = torch.arange(2 * 3 * 4 * 4, dtype=torch.uint8).reshape(2, 3, 4, 4)
    assert torch.equal(cropped(pixels, torch.zeros(2, 2, dtype=torch.long), 4), pixels)


def test_a_crop_begins_at_its_row_and_column_and_a_mirror_image_is_that_of_the_crop():
    pixels = torch.arange(2 * 5 * 5, dtype=torch.uint8).reshape(2, 1, 5, 5)
    crops = cropped(pixels, torch.tensor([[0, 2], [1, 0]]), 3)
    assert torch.equal(crops[0], pixels[0, :, 0:3, 2:5])
    assert torch.equal(crops[1], pixels[1, :, 1:4, 0:3])
    turned = mirrored(crops, torch.tensor([True, False]))
    assert torch.equal(turned[0], crops[0].flip(-1))
    assert torch.equal(turned[1], crops[1])
    assert in_range(torch.tensor([0, 255], dtype=torch.uint8).reshape(1, 1, 1, 2), torch.float32).tolist() == [
        [[[-1, 1]]]
    ]


@pytest.mark.parametrize("more", [{"cache": "off"}, {"num_workers": 2}, {"on_device": True}])
def test_crops_do_not_depend_on_cache_workers_or_where_the_set_is_held(more, two_domains):
    def batches(**more):
        return epoch(Unpaired(root=str(two_domains), batch_size=4, flip=True, **JITTERED, **more))

    assert same(batches(), batches(**more))


class Watching(LightningModule):
    """Keeps the batches that a trainer hands to it, and a checkpoint of the fifth."""

    def __init__(self, file):
        super().__init__()
        self.automatic_optimization = False
        self.seen = []
        self.file = file

    def training_step(self, batch, batch_idx):
        self.seen.append(batch)
        self.optimizers().step()

    def on_train_batch_end(self, outputs, batch, batch_idx):
        if self.global_step == 5:
            self.trainer.save_checkpoint(self.file)

    def configure_optimizers(self):
        return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)


def test_a_resumed_run_sees_the_same_crops(two_domains, tmp_path):
    def played(steps, resume=None):
        trainer = Trainer(
            max_steps=steps, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
            enable_model_summary=False, default_root_dir=tmp_path,
        )  # fmt: skip
        watching = Watching(tmp_path / "5.ckpt")
        module = Unpaired(root=str(two_domains), batch_size=4, flip=True, **JITTERED)
        trainer.fit(watching, module, ckpt_path=resume, weights_only=True)
        return watching.seen

    whole = played(8)
    rest = played(8, tmp_path / "5.ckpt")
    assert len(rest) == 3
    assert same(whole[5:], rest)
    assert not same(whole[:3], rest)


def test_a_load_size_below_the_image_size_is_refused():
    with pytest.raises(ValueError, match=r"data.load_size must be null or at least data.image_size, 16; got 15"):
        Digits(image_size=16, channels=1, batch_size=4, load_size=15)


def test_photographs_are_cut_larger_for_training_and_not_for_tests():
    module = PhotosUnpaired(image_size=64, channels=3, batch_size=4, load_size=72)
    assert [module.domains(split)[0].side for split in ("train", "test")] == [72, 64]
    with pytest.raises(ValueError, match=r"data.load_size at most 427, their height; got 428"):
        PhotosUnpaired(image_size=64, channels=3, batch_size=4, load_size=428).domains("train")


def test_pictures_for_tests_are_never_jittered(pairs):
    module = Paired(root=str(pairs), batch_size=12, flip=True, **JITTERED)
    plain = Paired(root=str(pairs), batch_size=12, image_size=16, channels=3)
    for split, count in (("test", 4), ("train", 12)):
        evaluation_images = list(module.evaluation_batches(split, 3, CPU))
        assert same(evaluation_images, plain.evaluation_batches(split, 3, CPU))
        assert [len(batch.x) for batch in evaluation_images] == [3] * (count // 3) + [1] * (count % 3)
        assert evaluation_images[0].x.shape == (3, 3, 16, 16)
    fitted_whole = torch.from_numpy(module.stores("test")[0].rows([0, 1, 2])) / 127.5 - 1
    first = next(module.evaluation_batches("test", 3, CPU))
    assert torch.equal(torch.cat(first, 1), fitted_whole)


def test_still_batches_leave_training_and_random_numbers_alone(pairs):
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


def test_still_batches_of_two_domains_end_with_the_smaller(two_domains):
    module = Unpaired(root=str(two_domains), batch_size=4, **JITTERED)
    evaluation_images = list(module.evaluation_batches("train", 4, CPU))
    assert [(len(batch.x), len(batch.y)) for batch in evaluation_images] == [(4, 4), (2, 2)]


def test_still_batches_carry_labels_and_the_wanted_type():
    module = Digits(image_size=8, channels=1, batch_size=4, num_classes=10)
    first = next(module.evaluation_batches("train", 5, CPU, torch.bfloat16))
    assert first.labels.tolist() == [0, 1, 2, 3, 4]
    assert first.images.dtype == torch.bfloat16


def test_a_split_that_is_missing_is_named_at_once(tmp_path, two_domains):
    (tmp_path / "trainA").symlink_to(two_domains / "trainA")
    (tmp_path / "trainB").symlink_to(two_domains / "trainB")
    module = Unpaired(root=str(tmp_path), batch_size=4, **JITTERED)
    with pytest.raises(ValueError, match=r"there is no folder .*testA"):
        module.evaluation_batches("test", 4, CPU)


def test_bad_pictures_are_held_to_the_same_limit_in_still_batches(tmp_path):
    for number in range(3):
        picture(number).save(tmp_path / f"{number}.png")
    (tmp_path / "bad.png").write_text("no image")
    with pytest.raises(ValueError, match=r"1 of 4 test pictures cannot be read"):
        Folder(root=str(tmp_path), batch_size=2, **JITTERED).evaluation_batches("test", 2, CPU)
