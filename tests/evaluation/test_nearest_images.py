"""The nearest training images of samples, and the figure that tells copies from new images."""

import numpy as np
import pytest
import torch

from gan_lightning.data.digits import Digits
from gan_lightning.evaluation.neighbours import (
    PIXELS,
    MirroredToo,
    NearestSearch,
    memorisation,
    memorisation_record,
    nearest_images,
)
from gan_lightning.evaluation.records import Context, protocol_differences
from gan_lightning.metrics.extractors.random import Random
from gan_lightning.metrics.images import read_batches
from support.real_images import Means, Set


@pytest.mark.parametrize("batch", [1, 7, 50])
def test_the_nearest_rows_are_those_of_a_search_through_all_pairs(batch):
    rng = np.random.default_rng(0)
    queries, rows = (torch.from_numpy(rng.integers(0, 256, (count, 12), dtype=np.uint8)) for count in (9, 50))
    search = NearestSearch(queries, 4)
    for some in rows.split(batch):
        search.add(some)
    found = search.found(1 / 12)
    every = (queries[:, None].double() - rows.double()).square().mean(2).sqrt()
    distances, numbers = every.sort(1)
    assert found.distances == pytest.approx(distances[:, :4].numpy(), rel=1e-12)
    assert (found.numbers == numbers[:, :4].numpy()).all()


def test_a_copy_is_at_distance_zero_and_named_by_its_number():
    training = Set(30)
    queries = torch.from_numpy(training.rows([17, 3]))
    found = nearest_images(queries, read_batches(training, range(30), 8), Means(), 2)
    for space in found:
        assert space.numbers[:, 0].tolist() == [17, 3]
        assert space.distances[:, 0].tolist() == [0, 0]
        assert (space.distances[:, 1] > 0).all()


def test_fewer_images_than_neighbours_are_all_found():
    training = Set(3)
    queries = torch.from_numpy(Set(2, seed=1).pixels)
    found = nearest_images(queries, read_batches(training, range(3), 8), Means(), 9)
    assert found.pixels.numbers.shape == (2, 3)
    assert sorted(found.pixels.numbers[0].tolist()) == [0, 1, 2]


def test_mirror_images_follow_the_images():
    images = Set(5)
    both = MirroredToo(images)
    assert len(both) == 10
    rows = both.rows([7, 2, 9])
    assert (rows[0] == images.pixels[2][..., ::-1]).all()
    assert (rows[1] == images.pixels[2]).all()
    assert (rows[2] == images.pixels[4][..., ::-1]).all()


def test_the_figure_is_the_share_of_pairs_and_equal_distances_count_half():
    assert memorisation(np.array([1.0, 2.0]), np.array([3.0, 4.0])).value == 1
    assert memorisation(np.array([5.0, 6.0]), np.array([3.0, 4.0])).value == 0
    assert memorisation(np.array([2.0, 2.0]), np.array([2.0, 2.0])).value == 0.5
    assert memorisation(np.array([0.0, 2.0, 9.0]), np.array([1.0, 2.0])).value == pytest.approx(2.5 / 6)


def test_the_interval_covers_what_is_true_about_as_often_as_it_says():
    """Distances of both sides are drawn from one distribution, so the truth is one half."""
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(30):
        found = memorisation(rng.exponential(size=80), rng.exponential(size=60))
        assert found.low <= found.value <= found.high
        covered += found.low <= 0.5 <= found.high
    assert covered >= 25


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """The training digits, and the held-out ones."""
    module = Digits(image_size=16, channels=1, batch_size=64, cache_dir=str(tmp_path_factory.mktemp("cache")))
    return module.evaluation_images("train")[0], module.evaluation_images("test")[0]


def measured(samples, held_out, training):
    """The figure in each space, of images given by their bytes."""
    queries = torch.from_numpy(np.concatenate([samples, held_out]))
    found = nearest_images(queries, read_batches(training, range(len(training)), 64), Random(), 1)
    return [memorisation(near.distances[: len(samples), 0], near.distances[len(samples) :, 0]) for near in found]


def test_noisy_copies_of_training_images_are_said_to_be_copies(digits, record_property):
    training, test = digits
    copies = training.rows(list(range(0, 300))).astype(int)
    noisy = (copies + np.random.default_rng(0).integers(-9, 10, copies.shape)).clip(0, 255).astype(np.uint8)
    for name, samples in (("copies", copies.astype(np.uint8)), ("noisy copies", noisy)):
        for space, found in zip(
            ("pixels", "features"), measured(samples, test.rows(list(range(359))), training), strict=True
        ):
            record_property(f"memorisation of {name} in {space}", str(found))
            assert found.low > 0.9
            assert "the generator copies" in str(found)


def test_held_out_digits_given_as_samples_are_not_said_to_be_copies(digits, record_property):
    training, test = digits
    for space, found in zip(
        ("pixels", "features"),
        measured(test.rows(list(range(0, 359, 2))), test.rows(list(range(1, 359, 2))), training),
        strict=True,
    ):
        record_property(f"memorisation of held-out digits in {space}", str(found))
        assert found.low < 0.5 < found.high
        assert "nothing speaks for copying" in str(found)


def test_a_record_names_the_space_both_sets_and_the_interval_and_intervals_do_not_separate_scores():
    training, held_out = Set(30), Set(20, seed=1)
    context = Context("ema", "eval", 0, "32-true", 100, 6400, 0, "run")
    found = [memorisation(np.array(samples), np.array([3.0, 4.0])) for samples in ([1.0, 3.5], [2.0, 2.5])]
    one, other = (memorisation_record(each, PIXELS, context, (2, 2), training, held_out) for each in found)
    assert (one.score, one.value, one.extractor) == ("memorisation_pixels", 0.75, "pixels")
    assert (one.n_real, one.n_fake) == (30, 2)
    assert one.settings == {"held_out": 2, "resamples": 1000, "confidence": 95}
    assert one.data == f"{training.fingerprint} and {held_out.fingerprint}"
    assert one.interval == [found[0].low, found[0].high]
    assert one.interval != other.interval
    assert protocol_differences(one, other) == []
    in_features = memorisation_record(found[0], Random().identity, context, (2, 2), training, held_out)
    assert in_features.score == "memorisation_random"
    assert in_features.extractor_sha256
