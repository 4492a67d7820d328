"""Scoring generated images, beside torch-fidelity's own API on the same images and weights.

    python benchmarks/metrics.py [--images 2000] [--rounds 3] [--weights FILE] [--device cpu] [--threads 1] [--cpu-time]

Both load Inception, pass the images through it in batches of one size, and compute the same four metrics, in one
process; torch-fidelity's cache is off. It is handed all images as tensors, while ours makes the generated ones by a DCGAN
and reads the real ones from the data's cache within the clock. Rounds are interleaved; without --weights they are random.
"""

import argparse
import os
import platform
import tempfile
import time
from pathlib import Path
from statistics import median
from unittest import mock

import numpy as np
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from PIL import Image
from torch.utils.data import Dataset
from torch_fidelity import calculate_metrics
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from gan_lightning.__main__ import CONF
from gan_lightning.config import resolvers
from gan_lightning.evaluation.sampling import SamplingOptions, sample_images
from gan_lightning.evaluation.scorer import Scorer, TrainingProgress
from gan_lightning.metrics.extractors.extractor import Extractor
from gan_lightning.metrics.extractors.inception import Inception
from gan_lightning.metrics.images import to_uint8

SIZE, BATCH = 32, 64
FOUR = ("fid", "kid", "precision_recall", "inception_score")
THEIRS = {
    "fid": "frechet_inception_distance",
    "kid": "kernel_inception_distance_mean",
    "precision": "precision",
    "recall": "recall",
    "inception_score": "inception_score_mean",
}


class Bytes(Dataset):
    """Images in memory, as torch-fidelity takes them."""

    def __init__(self, images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, number):
        return self.images[number]


def random_weights(folder):
    with (
        mock.patch("torch_fidelity.feature_extractor_inceptionv3.load_state_dict_from_url", return_value={}),
        mock.patch.object(FeatureExtractorInceptionV3, "load_state_dict"),  # there is nothing to load yet
    ):
        network = FeatureExtractorInceptionV3("inception", ["2048"])
    stream = torch.Generator().manual_seed(0)
    for layer in network.modules():
        if isinstance(layer, torch.nn.Conv2d | torch.nn.Linear):
            torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=stream)
    torch.save(network.state_dict(), folder / "inception.pth")
    return str(folder / "inception.pth")


def pictures(folder, count):
    """Smooth random pictures as PNG files."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(count):
        small = Image.fromarray(rng.integers(0, 256, (4, 4, 3), dtype=np.uint8))
        small.resize((SIZE, SIZE), Image.Resampling.BICUBIC).save(folder / f"{number:06d}.png")


def composed(home, count):
    resolvers.register()
    subset = min(1000, count)
    words = ["model=dcgan", "data=folder", f"data.root={home / 'real'}", f"data.image_size={SIZE}", "run_dir=unused"]
    words += [f"data.cache_dir={home / 'cache'}", f"metric=[{','.join(FOUR)}]", f"metrics.kid.subset_size={subset}"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", words)


def timed(work, clock):
    start = clock()
    found = work()
    return clock() - start, found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--weights")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cpu-time", action="store_true", help="of the process, where others are busy on the machine")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), given)


def measure(home, given):
    count = given.images
    weights = given.weights or random_weights(home)
    pictures(home / "real", count)
    config = composed(home, count)
    model, data, metrics = (instantiate(config[part]) for part in ("model", "data", "metrics"))
    model.to(given.device)
    (store,) = data.evaluation_images("train")  # the data's cache is made outside of the clock, as their tensors are
    real = Bytes(torch.from_numpy(store.rows(list(range(count)))))
    recipe, moment = SamplingOptions(batch_size=BATCH), TrainingProgress(0, 0, 0, "")
    fake = Bytes(torch.cat([to_uint8(images).cpu() for images in sample_images(model, recipe, range(count))]))
    passes = []
    call = Extractor.__call__

    def counted(self, levels):
        passes.append(len(levels))
        return call(self, levels)

    def theirs():
        return calculate_metrics(
            input1=fake, input2=real, cuda=given.device != "cpu", batch_size=BATCH, fid=True, kid=True, isc=True,
            prc=True, kid_subset_size=min(1000, count), feature_extractor="inception-v3-compat",
            feature_extractor_weights_path=weights, cache=False, save_cpu_ram=True, verbose=False,
        )  # fmt: skip

    def ours(chosen):
        passes.clear()
        with mock.patch.object(Extractor, "__call__", counted):
            scorer = Scorer({name: metrics[name] for name in chosen}, Inception(weights), data, device=given.device)
            records = scorer(model, recipe, count, moment)
        return {record.score: record.value for record in records}

    clock = time.process_time if given.cpu_time else time.perf_counter
    seconds = {"theirs": [], "cold": [], "warm": [], "warm, one": []}
    images = {}
    for _ in range(given.rounds):
        taken, expected = timed(theirs, clock)
        seconds["theirs"].append(taken)
        for file in (home / "cache" / "statistics").glob("*.npz"):
            file.unlink()
        for name, chosen in {"cold": FOUR, "warm": FOUR, "warm, one": ("fid",)}.items():
            taken, found = timed(lambda chosen=chosen: ours(chosen), clock)
            seconds[name].append(taken)
            images[name] = sum(passes)
            for score, value in found.items():
                if score in THEIRS:
                    assert np.isclose(value, expected[THEIRS[score]], rtol=1e-5, atol=1e-7), (score, value)
    report(given, seconds, images)


def report(given, seconds, images):
    middle = {name: median(each) for name, each in seconds.items()}
    ratios = {
        name: median(own / its for own, its in zip(seconds[name], seconds["theirs"], strict=True)) for name in seconds
    }
    what = torch.cuda.get_device_name() if given.device != "cpu" else f"CPU, {given.threads} of {os.cpu_count()} cores"
    print(
        f"\n{given.images:,} generated against {given.images:,} real images of {SIZE}x{SIZE}, batches of {BATCH}, ",
        end="",
    )
    print(f"{what} ({platform.machine()}), torch {torch.__version__}, median of {given.rounds} rounds\n")
    unit = "CPU seconds" if given.cpu_time else "seconds"
    print(f"| | images through Inception | {unit} | of torch-fidelity's time |\n|---|---|---|---|")
    print(f"| torch-fidelity, four metrics | {2 * given.images:,} | {middle['theirs']:.1f} | |")
    rows = {
        "cold": "ours, four metrics, real statistics made",
        "warm": "ours, four metrics, real statistics kept",
        "warm, one": "ours, FID alone, real statistics kept",
    }
    for name, text in rows.items():
        print(f"| {text} | {images[name]:,} | {middle[name]:.1f} | {ratios[name]:.2f} |")


if __name__ == "__main__":
    main()
