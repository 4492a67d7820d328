"""Features of a small classifier that is trained on the data set's own classes."""

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
from gan_lightning.metrics.extractors.extractor import (
    Extractor,
    ExtractorIdentity,
    ExtractorOutput,
    full_precision,
    weights_sha256,
)
from gan_lightning.metrics.images import UInt8Images, read_batches, to_uint8
from gan_lightning.types import ImageSet, NonNegativeInt, PositiveInt
from gan_lightning.values import AtLeast

log = logging.getLogger(__name__)

INPUT_SIZE = 32
"""Height and width to which all images are resized first, by averaging or repeating pixels."""
FEATURE_DIM = 64
STEPS, BATCH_SIZE, LEARNING_RATE = 300, 64, 3e-3
VERSION = 3
"""The version of network and training; saved classifiers of another version are not used."""
FOLDS = 5
"""If there is no test split, one of this many folds of the training images is held out."""
MIN_IMAGES = FOLDS
"""The smallest set of images of which a fold is not empty."""
READ_BATCH_SIZE = 64
"""The number of images in their own size that are in memory at a time."""
RELIABLE_ACCURACY = 0.9
"""Scores come with a warning if the accuracy on held-out images is lower than this."""


class Classifier(Extractor):
    """The last hidden layer of a small CNN that learns the data's labels in seconds and is saved next to the data.

    Args:
        seed: seed of the weights, the batches and, without a test split, the choice of the held-out fifth.
        max_images: largest number of training images; at most half as many are held out.
    """

    accuracy: float
    """The accuracy on held-out images, from 0 to 1."""

    def __init__(self, seed: NonNegativeInt = 0, max_images: Annotated[int, AtLeast(2 * MIN_IMAGES)] = 20_000) -> None:
        self.seed = seed
        self.max_images = max_images

    def prepare(self, train: ImageSet, test: ImageSet, folder: Path) -> None:
        """Train the classifier, or load it if it was trained on the same data before.

        Raises:
            ValueError: if the data have no labels, fewer than two classes or fewer than five images.
        """
        if train.labels is None or len(set(train.labels.tolist())) < 2:
            raise ValueError(
                "extractor=classifier needs data with labels of at least two classes; got "
                f"{'none' if train.labels is None else 'a single class'}: use extractor=random or extractor=inception"
            )
        for images in (test, train):
            if images.labels is not None and len(images) < MIN_IMAGES:
                raise ValueError(
                    f"extractor=classifier needs at least {MIN_IMAGES} images in each split, to train on and to test "
                    f"on; got {len(images)}: use extractor=random or extractor=inception"
                )
        key = (VERSION, self.seed, self.max_images, train.fingerprint, test.fingerprint)
        file = folder / "classifiers" / f"{hashed_name(*key)}.pt"
        with locked(file, "data.cache_dir"):
            saved = _load(file)
            if saved is None:
                saved = self._train_and_test(train, test)
                _save(*saved, file)
                log.info("The classifier recognises %.1f %% of held-out images.", 100 * saved[1])
        self.network, self.accuracy = saved
        num_classes = len(self.network.state_dict()["classes.1.bias"])
        self.identity = ExtractorIdentity("classifier", weights_sha256(self.network), "none", FEATURE_DIM, num_classes)
        if self.accuracy < RELIABLE_ACCURACY:
            self.warnings = (
                f"The classifier recognises only {100 * self.accuracy:.1f} % of held-out images, so its scores mean "
                "little.",
            )

    def extract(self, images: UInt8Images) -> ExtractorOutput:
        return ExtractorOutput(*self.network(images))

    def _train_and_test(self, train: ImageSet, test: ImageSet) -> tuple["SmallCNN", float]:
        """Return a trained network and its accuracy on held-out images: those of the test split if it has labels."""
        assert train.labels is not None
        train_numbers = np.random.default_rng(self.seed).permutation(len(train)).tolist()
        if test.labels is None or test.fingerprint == train.fingerprint:
            test, test_numbers = train, train_numbers[: len(train) // FOLDS]
            train_numbers = train_numbers[len(test_numbers) :]
        else:
            test_numbers = np.random.default_rng(self.seed).permutation(len(test)).tolist()
        num_classes = int(train.labels.max()) + 1
        with full_precision(torch.device("cpu")):
            network = train_cnn(*_read(train, train_numbers[: self.max_images]), num_classes, self.seed)
            images, labels = _read(test, test_numbers[: self.max_images // 2])
            correct = [
                (network(some)[1].argmax(1) == expected).sum().item()
                for some, expected in zip(images.split(256), labels.split(256), strict=True)
            ]
        return network, sum(correct) / max(len(labels), 1)


class SmallCNN(nn.Module):
    """Three strided convolutions and two linear layers; the outputs of the first linear layer are the features.

    Args:
        num_classes: number of classes of the data set.
    """

    def __init__(self, num_classes: PositiveInt) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for in_channels, out_channels in ((3, 32), (32, 64), (64, 64)):
            convolution = nn.Conv2d(in_channels, out_channels, 3, 2, 1, bias=False)
            layers += [convolution, nn.BatchNorm2d(out_channels), nn.ReLU()]
        self.features = nn.Sequential(*layers, nn.Flatten(), nn.Linear(64 * (INPUT_SIZE // 8) ** 2, FEATURE_DIM))
        self.classes = nn.Sequential(nn.ReLU(), nn.Linear(FEATURE_DIM, num_classes))

    def forward(self, images: UInt8Images) -> tuple[Tensor, Tensor]:
        """Compute features [B, 64] and class logits [B, num_classes]."""
        features = self.features(_resize(images.float() / 127.5 - 1))
        return features, self.classes(features)


def train_cnn(
    images: UInt8Images, labels: Int[Tensor, " B"], num_classes: PositiveInt, seed: NonNegativeInt
) -> SmallCNN:
    """Train a network on the CPU and leave torch's global random state as it was.

    Training takes 300 batches of 64 with Adam; the learning rate rises and falls once (Smith and Topin 2019,
    arXiv:1708.07120).
    """
    stream = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]), torch.inference_mode(False), torch.enable_grad():
        torch.default_generator.manual_seed(seed)
        network = SmallCNN(num_classes)
        weights = list(network.parameters())
        optimizer = torch.optim.Adam(weights, LEARNING_RATE)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, STEPS)
        for _ in range(STEPS):
            rows = torch.randint(len(images), (BATCH_SIZE,), generator=stream)
            loss = F.cross_entropy(network(images[rows])[1], labels[rows], label_smoothing=0.1)
            gradients = torch.autograd.grad(loss, weights)
            for weight, gradient in zip(weights, gradients, strict=True):
                weight.grad = gradient
            optimizer.step()
            schedule.step()
    return network.requires_grad_(False).eval()


def resize_uint8(images: UInt8Images) -> UInt8[Tensor, "B 3 32 32"]:
    """Resize images to the network's input size and round them, which changes its input by at most half a level."""
    return _resize(images.float()).round().to(torch.uint8)


def _resize(images: Tensor) -> Tensor:
    return F.interpolate(images, (INPUT_SIZE, INPUT_SIZE), mode="area")


def _read(images: ImageSet, numbers: Sequence[int]) -> tuple[UInt8Images, Tensor]:
    """Read images and labels; images are resized at once, because thousands of large ones would fill the memory."""
    assert images.labels is not None
    resized = torch.cat([resize_uint8(to_uint8(batch)) for batch in read_batches(images, numbers, READ_BATCH_SIZE)])
    return resized, torch.from_numpy(images.labels[np.asarray(numbers)].astype(np.int64))


def _save(network: SmallCNN, accuracy: float, file: Path) -> None:
    """Save a classifier with a hash of its weights and accuracy, if the disk can be written."""
    checksum = hashed_name(weights_sha256(network), accuracy)
    try:
        with atomic_write(file) as stream:
            torch.save({"weights": network.state_dict(), "accuracy": accuracy, "checksum": checksum}, stream)
    except OSError as error:
        log.warning("the classifier is not kept, because %s cannot be written: %s", file, error)


def _load(file: Path) -> tuple[SmallCNN, float] | None:
    """Load a classifier and its accuracy; return None if there is none, or if the file is not what was saved."""
    try:
        saved = torch.load(file, map_location="cpu", weights_only=True)
        with torch.random.fork_rng(devices=[]):
            network = SmallCNN(len(saved["weights"]["classes.1.bias"])).requires_grad_(False).eval()
        network.load_state_dict(saved["weights"])
        if saved["checksum"] == hashed_name(weights_sha256(network), saved["accuracy"]):
            return network, saved["accuracy"]
    except FileNotFoundError:
        return None
    except Exception as error:  # torch raises many kinds of errors for damaged files
        log.debug("%s: %s", file, error)
    log.warning("the classifier %s is damaged, so it is trained again", file)
    return None
