"""Training batches: order, flips and random crops are a function of seed, epoch and place in the global batch."""

import inspect

import pytest
import torch
from hydra.utils import instantiate
from lightning import LightningModule, Trainer

from gan_lightning.config.signatures import signature
from gan_lightning.data.celeba import CelebAAttribute
from gan_lightning.data.digits import Digits
from gan_lightning.data.folder import Folder
from gan_lightning.data.hugging_face import HuggingFace
from gan_lightning.data.loader import EpochSampler
from gan_lightning.data.paired import Paired
from gan_lightning.data.photos import PhotosPaired
from gan_lightning.data.transforms import Shape, cropped, fitted
from gan_lightning.data.unpaired import Unpaired
from support.batches import epoch_of, same
from support.small_files import picture

JITTERED = {"image_size": 16, "channels": 3, "load_size": 19}


# Order.


def test_the_order_depends_on_seed_and_epoch_alone(faces):
    def order(seed, epoch):
        return [
            row
            for batch in epoch_of(Folder(root=str(faces), image_size=8, channels=3, batch_size=5, seed=seed), epoch)
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
def test_ranks_share_each_global_batch_in_place_order_with_its_flips(counts, drop_last):
    whole = list(EpochSampler(counts, 8, drop_last, seed=3))
    parts = [list(EpochSampler(counts, 8, drop_last, seed=3, rank=rank, world_size=2)) for rank in (0, 1)]
    assert [len(plan.indices[0]) for plan in whole] == ([8, 8] if drop_last else [8, 8, 7])
    for plan, left, right in zip(whole, *parts, strict=True):
        for all_rows, first, second in zip(
            (*plan.indices, *plan.flips), (*left.indices, *left.flips), (*right.indices, *right.flips), strict=True
        ):
            assert len(first) == len(second) == len(all_rows) // 2
            assert first + second == all_rows[: 2 * len(first)]


@pytest.mark.parametrize("count", [12, 13, 14, 15, 17])
def test_a_rest_that_does_not_reach_every_process_is_no_batch(count):
    for rank in range(3):
        order = EpochSampler([count], 6, False, seed=3, rank=rank, world_size=3)
        rows = [len(plan.indices[0]) for plan in order]
        assert rows == ([2] * (count // 6) + [count % 6 // 3] * (count % 6 >= 3))
        assert len(order) == len(rows)


def test_drop_last_leaves_the_smaller_batch_out(faces):
    def sizes(drop):
        module = Folder(root=str(faces), image_size=8, channels=3, batch_size=10, drop_last=drop)
        return [len(batch.images) for batch in epoch_of(module)]

    assert sizes(False) == [10, 10, 4]
    assert sizes(True) == [10, 10]


def test_a_batch_larger_than_the_set_is_refused_where_it_would_be_dropped(faces):
    with pytest.raises(ValueError, match="at most the number of images, 24"):
        epoch_of(Folder(root=str(faces), image_size=8, channels=3, batch_size=25, drop_last=True))


@pytest.fixture
def images(tmp_path):
    root = tmp_path / "images"
    root.mkdir()
    for number in range(30):
        picture(number).save(root / f"{number:02d}.png")
    return root


def one_epoch_of(root, tmp_path, workers=0, cache="auto", **more):
    module = Folder(
        root=str(root), image_size=16, channels=3, batch_size=7, num_workers=workers, cache=cache, flip=True, seed=5,
        cache_dir=str(tmp_path / "cache"), **more,
    )  # fmt: skip
    module.setup("fit")
    loader = module.train_dataloader()
    loader.sampler.set_epoch(2)
    return [module.on_after_batch_transfer(batch, 0).images for batch in loader]


@pytest.mark.parametrize(
    ("workers", "cache", "on_device"),
    [(1, "auto", False), (4, "auto", False), (0, False, False), (2, False, False), (0, "auto", True)],
)
def test_the_same_seed_gives_the_same_batches_however_they_are_loaded(workers, cache, on_device, images, tmp_path):
    plain = one_epoch_of(images, tmp_path)
    other = one_epoch_of(images, tmp_path, workers, cache, on_device=on_device)
    assert len(plain) == 5
    assert all(torch.equal(a, b) for a, b in zip(plain, other, strict=True))


def test_half_of_the_images_are_flipped_as_a_function_of_the_epoch(images, tmp_path):
    batches = torch.cat(one_epoch_of(images, tmp_path))
    module = Folder(root=str(images), image_size=16, channels=3, batch_size=30, cache_dir=str(tmp_path / "cache"))
    module.setup("fit")
    originals = torch.from_numpy(module.train[0].pixels[:]) / 127.5 - 1
    as_is = [any(torch.equal(image, original) for original in originals) for image in batches]
    flipped = [any(torch.equal(image.flip(-1), original) for original in originals) for image in batches]
    assert all(a != b for a, b in zip(as_is, flipped, strict=True))
    assert 6 <= sum(flipped) <= 24


# Random crops.


def crops_of(image, size):
    """Every crop of an image, and each of them flipped, by (top, left, flip)."""
    room = range(image.shape[-1] - size + 1)
    straight = {(top, left): image[:, top : top + size, left : left + size] for top in room for left in room}
    return {(*at, flip): crop.flip(-1) if flip else crop for at, crop in straight.items() for flip in (False, True)}


def places(image, crops):
    return {at for at, crop in crops.items() if torch.equal(image, crop)}


@pytest.mark.parametrize("flip", [False, True])
def test_training_batches_hold_crops_of_the_larger_fitted_images(flip, tmp_path):
    for number in range(6):
        picture(number).save(tmp_path / f"{number}.png")
    module = Folder(root=str(tmp_path), batch_size=3, flip=flip, **JITTERED)
    larger = [torch.from_numpy(fitted(picture(number), Shape(19, 3))) / 127.5 - 1 for number in range(6)]
    found = [
        {(number, *at) for number, whole in enumerate(larger) for at in places(image, crops_of(whole, 16))}
        for number in range(8)
        for batch in epoch_of(module, number)
        for image in batch.images
    ]
    assert len(found) == 48
    assert all(len(where) == 1 for where in found), "each is a crop of one image"
    seen = set().union(*found)
    assert {at[0] for at in seen} == set(range(6))
    for axis in (1, 2):
        assert {at[axis] for at in seen} == {0, 1, 2, 3}, "all places up to the margin"
    assert {at[3] for at in seen} == ({False, True} if flip else {False})


def test_both_images_of_a_pair_get_the_same_crop_and_flip():
    module = PhotosPaired(image_size=32, channels=3, load_size=40, batch_size=8, flip=True)
    for x, y in epoch_of(module)[:20]:
        gray = (y + 1) / 2 * torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)
        assert (x[:, :1] + 1) / 2 == pytest.approx(gray.sum(1, keepdim=True), abs=1.1 / 255)


def test_two_domains_are_cropped_independently():
    order = EpochSampler([64, 64], 64, False, seed=0, margin=30)
    (plan,) = order
    x, y = (torch.tensor(corners) for corners in plan.corners)
    assert x.shape == y.shape == (64, 2)
    assert not torch.equal(x, y)
    assert not torch.equal(x[:, 0], x[:, 1])
    assert (min(x.min(), y.min()), max(x.max(), y.max())) == (0, 30)


def test_a_margin_leaves_order_and_flips_what_they_were():
    for plain, wide in zip(
        EpochSampler([23, 9], 8, False, 3), EpochSampler([23, 9], 8, False, 3, margin=30), strict=True
    ):
        assert (plain.indices, plain.flips) == (wide.indices, wide.flips)
        assert all(corner == [0, 0] for corners in plain.corners for corner in corners)


def test_crops_are_a_function_of_seed_epoch_and_place_in_the_global_batch():
    def corners(seed=3, number=0, **place):
        order = EpochSampler([24, 9], 8, False, seed, margin=30, **place)
        order.set_epoch(number)
        return [plan.corners for plan in order]

    assert corners() == corners()
    assert corners() != corners(seed=4)
    assert corners() != corners(number=1)
    halves = corners(rank=0, world_size=2), corners(rank=1, world_size=2)
    for whole, left, right in zip(corners(), *halves, strict=True):
        assert all(first + second == both for both, first, second in zip(whole, left, right, strict=True))


@pytest.mark.parametrize("load_size", [None, 16])
def test_without_a_margin_a_batch_holds_the_images_themselves(load_size, pairs):
    module = Paired(root=str(pairs), image_size=16, channels=3, batch_size=12, load_size=load_size)
    (plain,) = epoch_of(Paired(root=str(pairs), image_size=16, channels=3, batch_size=12))
    assert same([plain], epoch_of(module))
    pixels = torch.arange(2 * 3 * 4 * 4, dtype=torch.uint8).reshape(2, 3, 4, 4)
    assert torch.equal(cropped(pixels, torch.zeros(2, 2, dtype=torch.long), 4), pixels)


@pytest.mark.parametrize("more", [{"cache": "off"}, {"num_workers": 2}, {"on_device": True}])
def test_crops_do_not_depend_on_cache_workers_or_where_the_set_is_held(more, two_domains):
    def batches(**more):
        return epoch_of(Unpaired(root=str(two_domains), batch_size=4, flip=True, **JITTERED, **more))

    assert same(batches(), batches(**more))


def test_a_load_size_below_the_image_size_is_refused():
    with pytest.raises(ValueError, match=r"data.load_size must be null or at least data.image_size, 16; got 15"):
        Digits(image_size=16, channels=1, batch_size=4, load_size=15)


# Resuming.


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


# What a data module says of itself.


def test_points_come_in_the_kind_of_batch_that_their_module_says(composed):
    """Of every other data set the first batch of `tests/config/test_composition.py` says so."""
    module = instantiate(composed("data=ring").data)
    module.setup("fit")
    batch = module.on_after_batch_transfer(next(iter(module.train_dataloader())), 0)
    assert type(batch) is module.batch_type


@pytest.mark.parametrize("made", [Paired, Unpaired, HuggingFace, CelebAAttribute])
def test_an_editor_lists_what_a_data_set_takes(made):
    known = inspect.signature(made).parameters
    assert {"image_size", "batch_size", "root", "flip", "seed", *made.__annotations__} <= known.keys()
    assert all(each.kind is each.KEYWORD_ONLY for each in known.values())
    read = signature(f"{made.__module__}.{made.__qualname__}").arguments
    assert read.keys() == known.keys()
    assert {name for name, each in read.items() if each.is_needed} == {
        name for name, each in known.items() if each.default is each.empty
    }
