"""Scores equal those of torch-fidelity's command line on folders of PNG files, with the same weights."""

import json
import multiprocessing
import sys
from contextlib import redirect_stdout
from functools import cache
from io import StringIO
from typing import NamedTuple

import numpy as np
import pytest
import torch
import torch.distributed as dist
from PIL import Image
from torch_fidelity import fidelity as command

from gan_lightning.evaluation.collectives import gather_on_rank_zero, share
from gan_lightning.evaluation.real_statistics import real_statistics
from gan_lightning.metrics.extractors.extractor import ExtractorIdentity, ExtractorOutput
from gan_lightning.metrics.extractors.inception import Inception
from gan_lightning.metrics.fid import FrechetDistance
from gan_lightning.metrics.images import to_uint8
from gan_lightning.metrics.inception_score import InceptionScore
from gan_lightning.metrics.kid import KernelDistance
from gan_lightning.metrics.precision_recall import PrecisionRecall
from gan_lightning.metrics.statistics import Statistics
from support.cells import cells
from support.small_files import picture

DISTANT = frozenset({"moments", "features"})
EVERYTHING = DISTANT | {"logits"}


def pictures(count, first, contrast, mode, size):
    """Small pictures [N, C, H, W] in [-1, 1] that differ from set to set."""
    images = [np.array(picture(first + number, size, size).convert(mode)) for number in range(count)]
    stacked = torch.from_numpy(np.stack(images)).reshape(count, size, size, -1).permute(0, 3, 1, 2)
    return (stacked * contrast).round() / 127.5 - 1


def written(images, folder):
    folder.mkdir()
    for number, image in enumerate(to_uint8(images) if images.shape[1] == 3 else to_uint8(images)[:, :1]):
        Image.fromarray(image.permute(1, 2, 0).squeeze(-1).numpy()).save(folder / f"{number:03d}.png")
    return str(folder)


def reference(real, fake, weights, folder, *options):
    """What the command `fidelity` prints."""
    folders = ["--input1", written(fake, folder / "fake"), "--input2", written(real, folder / "real")]
    common = [
        "--feature-extractor-weights-path",
        weights,
        "--cpu",
        "--no-cache",
        "--save-cpu-ram",
        "--silent",
        "--json",
    ]
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as shown:
        patch.setattr(sys, "argv", ["fidelity", *folders, *common, *options])
        command.main()
    return json.loads(shown.getvalue())


def named(printed, extractor="inception"):
    """What was printed under the names that scores of this extractor have here."""
    name = ExtractorIdentity(extractor, "", "legacy", 0).score_name
    names = {
        "frechet_inception_distance": name("fid", "fd"),
        "inception_score_mean": "inception_score",
        "inception_score_std": "inception_score_std",
        "kernel_inception_distance_mean": name("kid", "kd"),
        "kernel_inception_distance_std": name("kid_std", "kd_std"),
        "precision": name("precision"),
        "recall": name("recall"),
    }
    return {names[key]: value for key, value in printed.items() if key in names}


def scores(metrics, real, fake):
    return {score.name: score.value for metric in metrics for score in metric(real, fake)}


DISTANCES = FrechetDistance(), KernelDistance(5, 6), PrecisionRecall()
METRICS = *DISTANCES, InceptionScore(2)
OF_DISTANCES = ["--fid", "--kid", "--kid-subsets", "5", "--kid-subset-size", "6", "--prc", "--batch-size", "3"]
INCEPTION = ["--feature-extractor", "inception-v3-compat"]  # precision and recall would be of VGG-16


class Compared(NamedTuple):
    """Real and generated images, and the scores that torch-fidelity's command gives them."""

    real: torch.Tensor
    fake: torch.Tensor
    expected: dict[str, float]


@pytest.fixture(scope="module")
def compared(inception_weights, tmp_path_factory):
    """Makes images of a mode and size and has them scored, once."""

    @cache
    def make(mode, size):
        real, fake = pictures(9, 0, 1.0, mode, size), pictures(7, 100, 0.8, mode, size)
        options = [*OF_DISTANCES, "--isc", "--isc-splits", "2", *INCEPTION]
        printed = reference(real, fake, inception_weights, tmp_path_factory.mktemp("command"), *options)
        return Compared(real, fake, named(printed))

    return make


CASES = [("RGB", 64), ("RGB", 299), ("L", 28), ("RGB", 32), ("RGB", 128), ("L", 299)]


@pytest.mark.parametrize(("mode", "size"), cells(CASES, quick=CASES[:1]))
def test_all_scores_equal_the_reference_in_colour_and_gray(mode, size, inception_weights, compared):
    real, fake, expected = compared(mode, size)
    network = Inception(inception_weights)
    network.to("cpu")  # channels-last, as scores are computed
    of_real = Statistics.from_images(real.split(5), network, EVERYTHING)
    of_fake = Statistics.from_images(fake[:4].split(3), network, EVERYTHING)
    of_fake.merge(Statistics.from_images([fake[4:]], network, EVERYTHING))
    # A kernel distance is a small difference of numbers near 1, whose last bit in float32 is 1.2e-7.
    assert scores(METRICS, of_real, of_fake) == pytest.approx(expected, rel=1e-5, abs=2e-7)
    assert len(expected) == 7
    assert expected["fid"] > 1
    assert 0 < expected["precision"] + expected["recall"] < 2


@pytest.mark.parametrize("size", cells([32, 64, 128, 299], quick=[32, 299]))
def test_distances_of_an_earlier_layer_equal_the_reference_in_gray_of_any_size(size, inception_weights, tmp_path):
    real, fake = pictures(9, 0, 1.0, "L", size), pictures(7, 100, 0.8, "L", size)
    layers = [word for metric in ("fid", "kid", "prc") for word in (f"--feature-layer-{metric}", "64")]
    printed = reference(real, fake, inception_weights, tmp_path, *OF_DISTANCES, *layers, *INCEPTION)
    network = Inception(inception_weights, layer="64")
    found = scores(DISTANCES, *(Statistics.from_images([images], network, DISTANT) for images in (real, fake)))
    assert found == pytest.approx(named(printed, "inception_64"), rel=1e-5)
    assert len(found) == 5


@pytest.mark.slow
def test_a_distance_of_more_images_than_features_equals_the_reference(inception_weights, tmp_path):
    real, fake = pictures(68, 0, 1.0, "RGB", 16), pictures(66, 100, 0.9, "RGB", 16)
    printed = reference(real, fake, inception_weights, tmp_path, "--fid", "--feature-layer-fid", "64")
    network = Inception(inception_weights, layer="64")
    parts = [real], fake.split(9)
    sides = (Statistics.from_images(images, network, FrechetDistance.real_inputs) for images in parts)
    found = scores([FrechetDistance()], *sides)
    assert found == pytest.approx({"fd_inception_64": printed["frechet_inception_distance"]}, rel=1e-5)


def test_clean_resizing_is_another_protocol_with_its_own_identity(inception_weights):
    images = to_uint8(pictures(2, 0, 1.0, "RGB", 64))
    legacy, clean = (Inception(inception_weights, resize=resize, layer="64") for resize in ("legacy", "clean"))
    assert legacy.identity != clean.identity
    assert (legacy(images).features - clean(images).features).abs().max() > 1e-3
    full = to_uint8(pictures(2, 0, 1.0, "RGB", 299))
    apart = (clean(full).features - legacy(full).features).abs().max().item()
    assert apart == pytest.approx(0, abs=1e-5)


def test_on_a_cpu_it_is_channels_last_and_its_features_differ_by_rounding_alone(inception_weights):
    as_made, moved = Inception(inception_weights), Inception(inception_weights)
    moved.to("cpu")
    kernels = [weights for weights in moved.network.parameters() if weights.dim() == 4]
    assert all(weights.is_contiguous(memory_format=torch.channels_last) for weights in kernels)
    images = to_uint8(pictures(2, 0, 1.0, "RGB", 32))
    for one, other in zip(as_made(images), moved(images), strict=True):
        assert (one - other).norm() < 1e-5 * one.norm()


def test_autocast_around_it_changes_no_feature(inception_weights):
    network, images = Inception(inception_weights, layer="64"), to_uint8(pictures(2, 0, 1.0, "RGB", 16))
    with torch.autocast("cpu", torch.bfloat16):
        inside = network(images)
    assert inside.features.dtype == torch.float32
    assert torch.equal(inside.features, network(images).features)


def of_share(rank, file, rows, found):
    """One process of two: statistics of its share, then of everybody's."""
    dist.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=2)
    own = Statistics(ExtractorIdentity("any", "", "none", rows.shape[1]), EVERYTHING)
    numbers = share(len(rows))
    part = torch.from_numpy(rows[numbers.start : numbers.stop])
    with torch.inference_mode():
        own.add(ExtractorOutput(part + 0, 2 * part))
    gathered = gather_on_rank_zero(own)
    found.put((rank, len(numbers), {name: array.tolist() for name, array in gathered.to_arrays().items()}))
    dist.destroy_process_group()


def answers_of_two(target, *arguments):
    """What two processes that run `target` at once put into their queue, in the order of the ranks."""
    context = multiprocessing.get_context("fork")
    found = context.Queue()
    each = [context.Process(target=target, args=(rank, *arguments, found)) for rank in (0, 1)]
    for process in each:
        process.start()
    answers = sorted((found.get(timeout=240) for _ in each), key=lambda answer: answer[0])
    for process in each:
        process.join()
    return answers


def test_the_first_of_two_processes_gathers_every_image_once_and_in_order(tmp_path):
    rows = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)
    answers = answers_of_two(of_share, tmp_path / "meet", rows)
    assert [count for _, count, _ in answers] == [3, 4]
    alone = Statistics(ExtractorIdentity("any", "", "none", 3), EVERYTHING)
    alone.add(ExtractorOutput(torch.from_numpy(rows), torch.from_numpy(2 * rows)))
    arrays = answers[0][2]
    for name, expected in alone.to_arrays().items():
        assert np.array(arrays[name]) == pytest.approx(expected, rel=1e-9, abs=1e-12)


class Stored:
    """Bytes [N, C, H, W] as a data set's."""

    labels, fingerprint = None, "nine pictures"

    def __init__(self, pixels):
        self.pixels = pixels

    def __len__(self):
        return len(self.pixels)

    def rows(self, indices):
        return self.pixels[indices]


class Counting(Inception):
    """Inception that counts the images it is shown."""

    shown = 0

    def extract(self, images):
        self.shown += len(images)
        return super().extract(images)


def of_images(rank, folder, weights, real, fake, found):
    """One process of two: its shares of the images through Inception, and the scores of everybody's."""
    dist.init_process_group("gloo", init_method=f"file://{folder / 'meet'}", rank=rank, world_size=2)
    network = Counting(weights)
    of_real = real_statistics(Stored(real), "train", network, EVERYTHING, folder, batch_size=2).statistics
    numbers = share(len(fake))
    own = fake[numbers.start : numbers.stop].split(3)
    of_fake = gather_on_rank_zero(Statistics.from_images(own, network, EVERYTHING))
    found.put((rank, network.shown, scores(METRICS, of_real, of_fake)))
    dist.destroy_process_group()


@pytest.mark.slow
def test_two_processes_with_their_shares_of_the_images_get_the_scores_of_the_reference(
    inception_weights, tmp_path, compared
):
    real, fake, expected = compared("RGB", 32)
    answers = answers_of_two(of_images, tmp_path, inception_weights, to_uint8(real).numpy(), fake)
    assert [shown for _, shown, _ in answers] == [4 + 3, 5 + 4]
    assert answers[0][2] == pytest.approx(expected, rel=1e-5)
