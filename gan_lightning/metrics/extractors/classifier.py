"""Features of a small classifier of the data set's own classes."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from jaxtyping import Int, UInt8
from torch import Tensor, nn
from torch.nn import functional as F

from gan_lightning.files import atomic_write, hashed_name, locked
from gan_lightning.metrics.extractors.extractor import Extractor, Identity, RawFeatures, full_precision, weights_sha256
from gan_lightning.metrics.images import Levels, batches, to_levels
from gan_lightning.types import AtLeast, ImageSet, NonNegativeInt, PositiveInt

SIDE = 32
"""Images of other sizes are averaged or repeated to this one first."""
FEATURES = 64
STEPS, BATCH = 300, 64
RATE = 3e-3


class SmallCNN(nn.Module):
    """Three strided convolutions and two linear layers; the first linear one's outputs are the features.

    Args:
        num_classes: of the data set.
    """

    def __init__(self, num_classes: PositiveInt) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for channels, after in ((3, 32), (32, 64), (64, 64)):
            layers += [nn.Conv2d(channels, after, 3, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        self.features = nn.Sequential(*layers, nn.Flatten(), nn.Linear(64 * (SIDE // 8) ** 2, FEATURES))
        self.classes = nn.Sequential(nn.ReLU(), nn.Linear(FEATURES, num_classes))

    def forward(self, levels: Levels) -> tuple[Tensor, Tensor]:
        """Features [B, 64] and class logits [B, num_classes] of bytes."""
        features = self.features(F.interpolate(levels.float() / 127.5 - 1, (SIDE, SIDE), mode="area"))
        return features, self.classes(features)


def reduced(levels: Levels) -> UInt8[Tensor, "B 3 32 32"]:
    """Images at the network's own size, to the nearest level; the network sees the same up to half a level."""
    return F.interpolate(levels.float(), (SIDE, SIDE), mode="area").round().to(torch.uint8)


def trained(levels: Levels, labels: Int[Tensor, " B"], num_classes: PositiveInt, seed: NonNegativeInt) -> SmallCNN:
    """A network that has learned these labels, on the CPU; torch's global random state stays as it was.

    300 batches of 64 with Adam; the rate rises and falls once (Smith and Topin 2019, arXiv:1708.07120).
    """
    stream = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]), torch.inference_mode(False), torch.enable_grad():
        torch.default_generator.manual_seed(seed)
        network = SmallCNN(num_classes)
        weights = list(network.parameters())
        optimizer = torch.optim.Adam(weights, RATE)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, STEPS)
        for _ in range(STEPS):
            rows = torch.randint(len(levels), (BATCH,), generator=stream)
            loss = F.cross_entropy(network(levels[rows])[1], labels[rows], label_smoothing=0.1)
            gradients = torch.autograd.grad(loss, weights)
            for weight, gradient in zip(weights, gradients, strict=True):
                weight.grad = gradient
            optimizer.step()
            schedule.step()
    return network.requires_grad_(False).eval()


log = logging.getLogger(__name__)

VERSION = 2
"""Of network and training; a new one makes kept classifiers void."""
HELD_OUT = 5
"""One in so many images is held out where there is no test split."""
FEWEST = 5
"""Images in a set: with fewer a fifth is none."""
READ = 64
"""Images of full size in memory at once."""
RELIABLE = 0.9
"""Held-out accuracy below which the scores come with a warning."""


class Classifier(Extractor):
    """The layer before the logits of a small CNN, trained on the data's labels in seconds and kept beside the data.

    Args:
        seed: of the weights, the batches and, where there is no test split, the fifth that is held out.
        max_images: so many are learned from at most, and half as many held out.
    """

    accuracy: float
    """On images that it has not learned from."""

    def __init__(self, seed: NonNegativeInt = 0, max_images: Annotated[int, AtLeast(2 * FEWEST)] = 20_000) -> None:
        self.seed = seed
        self.max_images = max_images

    def prepare(self, train: ImageSet, test: ImageSet, folder: Path) -> None:
        """Train it, or load what was trained on the same data.

        Raises:
            ValueError: where the data have no labels, fewer than two classes or fewer than five images.
        """
        if train.labels is None or len(set(train.labels.tolist())) < 2:
            raise ValueError(
                "extractor=classifier needs data with labels of at least two classes; got "
                f"{'none' if train.labels is None else 'a single class'}: take extractor=random or extractor=inception"
            )
        for images in (test, train):
            if images.labels is not None and len(images) < FEWEST:
                raise ValueError(
                    f"extractor=classifier needs at least {FEWEST} images in each split to learn from and to be judged "
                    f"on; got {len(images)}: take extractor=random or extractor=inception"
                )
        key = (VERSION, self.seed, self.max_images, train.fingerprint, test.fingerprint)
        file = folder / "classifiers" / f"{hashed_name(*key)}.pt"
        with locked(file):
            kept = _kept(file)
            if kept is None:
                kept = self._learned(train, test)
                with atomic_write(file) as stream:
                    torch.save(kept, stream)
                log.info("classifier: %.1f %% of held-out images right", 100 * kept["accuracy"])
        num_classes = len(kept["weights"]["classes.1.bias"])
        with torch.random.fork_rng(devices=[]):
            network = SmallCNN(num_classes).requires_grad_(False).eval()
        network.load_state_dict(kept["weights"])
        self.network, self.accuracy = network, kept["accuracy"]
        self.identity = Identity("classifier", weights_sha256(network), "none", FEATURES, num_classes)
        if self.accuracy < RELIABLE:
            self.warnings = (
                f"The classifier is right on {100 * self.accuracy:.1f} % of held-out images: its scores say little.",
            )

    def extract(self, levels: Levels) -> RawFeatures:
        return RawFeatures(*self.network(levels))

    def _learned(self, train: ImageSet, test: ImageSet) -> dict:
        """Weights and held-out accuracy."""
        assert train.labels is not None
        order = np.random.default_rng(self.seed).permutation(len(train)).tolist()
        if test.labels is None or test.fingerprint == train.fingerprint:
            judge, judged = train, order[: len(train) // HELD_OUT]
            order = order[len(judged) :]
        else:
            judge, judged = test, np.random.default_rng(self.seed).permutation(len(test)).tolist()
        with full_precision(torch.device("cpu")):
            network = trained(*_read(train, order[: self.max_images]), int(train.labels.max()) + 1, self.seed)
            levels, labels = _read(judge, judged[: self.max_images // 2])
            right = [
                (network(part)[1].argmax(1) == known).sum().item()
                for part, known in zip(levels.split(256), labels.split(256), strict=True)
            ]
        return {"weights": network.state_dict(), "accuracy": sum(right) / max(len(labels), 1)}


def _read(images: ImageSet, numbers: Sequence[int]) -> tuple[Levels, Tensor]:
    """Images at the network's size, for thousands of large ones fill the memory, and their labels."""
    assert images.labels is not None
    levels = torch.cat([reduced(to_levels(batch)) for batch in batches(images, numbers, READ)])
    return levels, torch.from_numpy(images.labels[np.asarray(numbers)].astype(np.int64))


def _kept(file: Path) -> dict | None:
    """What is on disk, unless it is damaged."""
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except Exception:  # torch raises a dozen kinds for damaged files
        return None
