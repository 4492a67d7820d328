"""Scores equal those of torch-fidelity's command line on folders of PNG files, with the same weights."""

import json
import multiprocessing
import sys

import numpy as np
import pytest
import torch
import torch.distributed as dist
from conftest import picture
from PIL import Image
from torch_fidelity import fidelity as command

from gan_lightning.metrics.extractors.extractor import Extracted, Identity
from gan_lightning.metrics.extractors.inception import Inception
from gan_lightning.metrics.fid import FrechetDistance
from gan_lightning.metrics.inception_score import InceptionScore
from gan_lightning.metrics.kid import KernelDistance
from gan_lightning.metrics.levels import to_levels
from gan_lightning.metrics.precision_recall import PrecisionRecall
from gan_lightning.metrics.ranks import gathered, share
from gan_lightning.metrics.statistics import Statistics

EVERYTHING = frozenset({"moments", "features", "logits"})
pytestmark = pytest.mark.slow


def pictures(count, first, contrast, mode, size):
    """Small pictures [N, C, H, W] in [-1, 1] that differ from set to set."""
    images = [np.array(picture(first + number, size, size).convert(mode)) for number in range(count)]
    stacked = torch.from_numpy(np.stack(images)).reshape(count, size, size, -1).permute(0, 3, 1, 2)
    return (stacked * contrast).round() / 127.5 - 1


def written(images, folder):
    folder.mkdir()
    for number, image in enumerate(to_levels(images) if images.shape[1] == 3 else to_levels(images)[:, :1]):
        Image.fromarray(image.permute(1, 2, 0).squeeze(-1).numpy()).save(folder / f"{number:03d}.png")
    return str(folder)


def reference(real, fake, weights, tmp_path, capsys, monkeypatch, *options):
    """What the command `fidelity` prints."""
    folders = ["--input1", written(fake, tmp_path / "fake"), "--input2", written(real, tmp_path / "real")]
    common = [
        "--feature-extractor-weights-path",
        weights,
        "--cpu",
        "--no-cache",
        "--save-cpu-ram",
        "--silent",
        "--json",
    ]
    monkeypatch.setattr(sys, "argv", ["fidelity", *folders, *common, *options])
    command.main()
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(("mode", "size"), [("RGB", 32), ("L", 28)])
def test_all_scores_equal_the_reference_in_colour_and_gray(
    mode, size, inception_weights, tmp_path, capsys, monkeypatch
):
    real, fake = pictures(8, 0, 1.0, mode, size), pictures(7, 100, 0.8, mode, size)
    options = ["--isc", "--isc-splits", "2", "--fid", "--kid", "--kid-subsets", "5", "--kid-subset-size", "6", "--prc"]
    extractor = ["--feature-extractor", "inception-v3-compat", "--batch-size", "3"]
    expected = reference(real, fake, inception_weights, tmp_path, capsys, monkeypatch, *options, *extractor)
    network = Inception(inception_weights)
    of_real = Statistics.of(real.split(5), network, EVERYTHING)
    of_fake = Statistics.of(fake[:4].split(3), network, EVERYTHING)
    of_fake.merge(Statistics.of([fake[4:]], network, EVERYTHING))  # as from a second, smaller rank
    metrics = FrechetDistance(), InceptionScore(2), KernelDistance(5, 6), PrecisionRecall()
    scores = {name: value for metric in metrics for name, value in metric(of_real, of_fake).items()}
    assert scores == pytest.approx(
        {
            "fid": expected["frechet_inception_distance"],
            "inception_score": expected["inception_score_mean"],
            "inception_score_std": expected["inception_score_std"],
            "kid": expected["kernel_inception_distance_mean"],
            "kid_std": expected["kernel_inception_distance_std"],
            "precision": expected["precision"],
            "recall": expected["recall"],
        },
        rel=1e-5,
    )
    assert expected["frechet_inception_distance"] > 1


def test_a_distance_of_more_images_than_features_equals_the_reference(inception_weights, tmp_path, capsys, monkeypatch):
    real, fake = pictures(68, 0, 1.0, "RGB", 16), pictures(66, 100, 0.9, "RGB", 16)
    expected = reference(
        real, fake, inception_weights, tmp_path, capsys, monkeypatch, "--fid", "--feature-layer-fid", "64"
    )
    network = Inception(inception_weights, layer="64")
    moments = frozenset({"moments"})
    scores = FrechetDistance()(Statistics.of([real], network, moments), Statistics.of(fake.split(9), network, moments))
    assert scores == pytest.approx({"fd_inception_64": expected["frechet_inception_distance"]}, rel=1e-5)


@pytest.mark.parametrize("size", [32, 64, 128, 299])
def test_distances_of_images_of_any_size_equal_the_reference(size, inception_weights, tmp_path, capsys, monkeypatch):
    real, fake = pictures(4, 0, 1.0, "RGB", size), pictures(3, 100, 0.7, "RGB", size)
    expected = reference(
        real, fake, inception_weights, tmp_path, capsys, monkeypatch, "--fid", "--feature-layer-fid", "64"
    )
    network = Inception(inception_weights, layer="64")
    moments = frozenset({"moments"})
    scores = FrechetDistance()(*(Statistics.of([images], network, moments) for images in (real, fake)))
    assert scores == pytest.approx({"fd_inception_64": expected["frechet_inception_distance"]}, rel=1e-5)


def test_clean_resizing_is_another_protocol_with_its_own_identity(inception_weights):
    images = to_levels(pictures(2, 0, 1.0, "RGB", 64))
    legacy, clean = (Inception(inception_weights, resize=resize, layer="64") for resize in ("legacy", "clean"))
    assert legacy.identity != clean.identity
    assert (legacy(images).features - clean(images).features).abs().max() > 1e-3
    full = to_levels(pictures(2, 0, 1.0, "RGB", 299))
    apart = (clean(full).features - legacy(full).features).abs().max().item()
    assert apart == pytest.approx(0, abs=1e-5)


def test_autocast_around_it_changes_no_feature(inception_weights):
    network, images = Inception(inception_weights, layer="64"), to_levels(pictures(2, 0, 1.0, "RGB", 16))
    with torch.autocast("cpu", torch.bfloat16):
        inside = network(images)
    assert inside.features.dtype == torch.float32
    assert torch.equal(inside.features, network(images).features)


def of_share(rank, file, rows, found):
    """One process of two: statistics of its share, then of everybody's."""
    dist.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=2)
    own = Statistics(Identity("any", "", "none", rows.shape[1]), EVERYTHING)
    numbers = share(len(rows))
    part = torch.from_numpy(rows[numbers.start : numbers.stop])
    with torch.inference_mode():
        own.add(Extracted(part + 0, 2 * part))
    found.put((rank, len(numbers), {name: array.tolist() for name, array in gathered(own).arrays().items()}))
    dist.destroy_process_group()


def test_two_processes_gather_every_image_once_and_in_order(tmp_path):
    rows = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)
    context = multiprocessing.get_context("fork")
    found = context.Queue()
    each = [context.Process(target=of_share, args=(rank, tmp_path / "meet", rows, found)) for rank in (0, 1)]
    for process in each:
        process.start()
    answers = sorted((found.get(timeout=60) for _ in each), key=lambda answer: answer[0])
    for process in each:
        process.join()
    assert [count for _, count, _ in answers] == [3, 4]
    alone = Statistics(Identity("any", "", "none", 3), EVERYTHING)
    alone.add(Extracted(torch.from_numpy(rows), torch.from_numpy(2 * rows)))
    for _, _, arrays in answers:
        for name, expected in alone.arrays().items():
            assert np.array(arrays[name]) == pytest.approx(expected, rel=1e-9, abs=1e-12)
