"""The classifier of the data set's own classes: what it learns, from which data, and what its scores tell."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from gan_lightning.config import schema
from gan_lightning.data.digits import Digits
from gan_lightning.metrics.extractors import classifier as module
from gan_lightning.metrics.extractors.classifier import Classifier
from gan_lightning.metrics.extractors.random import Random
from gan_lightning.metrics.fid import FrechetDistance
from gan_lightning.metrics.images import to_uint8
from gan_lightning.metrics.modes import ModeCoverage
from gan_lightning.metrics.statistics import Statistics


def digits(folder):
    module = Digits(image_size=32, channels=1, batch_size=64, num_classes=10, test_fraction=0, cache_dir=str(folder))
    return module.fitted_images("train")[0]


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """A classifier of the digits, the digits, where it is kept, and whether torch's random state was left alone."""
    folder = tmp_path_factory.mktemp("classifier")
    train, before = digits(folder), torch.get_rng_state()
    found = Classifier()
    found.prepare(train, train, folder)
    return SimpleNamespace(
        classifier=found, digits=train, folder=folder, left_alone=torch.equal(before, torch.get_rng_state())
    )


def test_the_digits_classifier_is_right_on_97_of_100_held_out_ones(learned, record_property):
    record_property("digits: held-out accuracy of the classifier", f"{learned.classifier.accuracy:.4f}")
    assert 0.97 <= learned.classifier.accuracy <= 1
    assert learned.left_alone
    assert learned.classifier.warnings == ()


def test_a_classifier_is_trained_once_for_the_same_data(learned, monkeypatch):
    monkeypatch.setattr(module, "train_cnn", lambda *_: pytest.fail("trained again"))
    again = Classifier()
    again.prepare(learned.digits, learned.digits, learned.folder)
    assert again.identity == learned.classifier.identity
    assert again.accuracy == learned.classifier.accuracy
    images = torch.from_numpy(learned.digits.rows([0, 1, 2]))
    assert torch.equal(again(to_uint8(images)).logits, learned.classifier(to_uint8(images)).logits)


class Few:
    """Forty pictures of two classes."""

    def __init__(self, seed=0, labels=True):
        self.pixels = np.random.default_rng(seed).integers(0, 128, (40, 1, 8, 8), dtype=np.uint8)
        self.labels = np.arange(40) % 2 if labels else None
        self.pixels[1::2] += 100
        self.fingerprint = f"few {seed} {labels}"

    def __len__(self):
        return len(self.pixels)

    def rows(self, indices):
        return self.pixels[indices]


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(module, "STEPS", 20)


def prepared(folder, train, test=None, **arguments):
    found = Classifier(**arguments)
    found.prepare(train, test or train, folder)
    return found


def test_other_data_another_seed_or_a_test_split_make_another_classifier(quick, tmp_path):
    one = prepared(tmp_path, Few())
    others = [prepared(tmp_path, Few(1)), prepared(tmp_path, Few(), seed=1), prepared(tmp_path, Few(), Few(2))]
    assert len({found.identity.sha256 for found in (one, *others[:2])}) == 3
    assert len(list((tmp_path / "classifiers").glob("*.pt"))) == 4
    assert prepared(tmp_path / "elsewhere", Few()).identity == one.identity


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["cut", "another weight", "another accuracy", "another shape"])
def test_a_damaged_classifier_is_trained_anew_with_a_line(damage, quick, tmp_path, caplog):
    one = prepared(tmp_path, Few())
    (file,) = (tmp_path / "classifiers").glob("*.pt")
    saved = torch.load(file, weights_only=True)
    if damage == "another weight":
        saved["weights"]["classes.1.bias"][0] += 1
    elif damage == "another accuracy":
        saved["accuracy"] = 0.123
    else:
        saved["weights"]["classes.1.bias"] = torch.zeros(7)
    torch.save(saved, file)
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:100])
    again = prepared(tmp_path, Few())
    assert (again.identity, again.accuracy) == (one.identity, one.accuracy)
    assert "is damaged, so it is trained again" in caplog.text


def test_a_classifier_needs_labels(tmp_path):
    with pytest.raises(ValueError, match="needs data with labels of at least two classes; got none"):
        prepared(tmp_path, Few(labels=False))


def first(count, seed=0):
    images = Few(seed)
    images.pixels, images.labels = images.pixels[:count], images.labels[:count]
    images.fingerprint += f" {count}"
    return images


@pytest.mark.parametrize(("train", "test"), [(4, None), (40, 4), (4, 40)])
def test_a_classifier_of_too_few_images_is_refused_before_it_is_trained(train, test, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "train_cnn", lambda *_: pytest.fail("trained"))
    with pytest.raises(ValueError, match="needs at least 5 images in each split, .* got 4: use extractor=random"):
        prepared(tmp_path, first(train), first(test, 1) if test else None)


@pytest.mark.parametrize("test", [None, 5])
def test_five_images_are_enough_for_a_classifier_and_so_is_its_least_maximum(test, quick, tmp_path):
    found = prepared(tmp_path, first(5), first(test, 1) if test else None, max_images=10)
    assert 0 <= found.accuracy <= 1
    assert 0 <= prepared(tmp_path, Few(), max_images=10).accuracy <= 1


def test_the_command_line_holds_max_images_to_its_bound():
    config = OmegaConf.create({"extractor": {"_target_": f"{Classifier.__module__}.Classifier", "max_images": 9}})
    with pytest.raises(ValueError, match=r"extractor\.max_images must be a whole number of at least 10; got 9"):
        schema.check(config)


def test_large_images_are_read_a_few_at_a_time_and_kept_small():
    large = Few()
    large.pixels = large.pixels.repeat(5, 0).repeat(12, 2).repeat(12, 3)
    large.labels = large.labels.repeat(5)
    asked = []
    rows = large.rows
    large.rows = lambda numbers: asked.append(len(numbers)) or rows(numbers)
    read, labels = module._read(large, range(200))
    assert read.shape == (200, 3, 32, 32)
    assert read.untyped_storage().nbytes() == 200 * 3 * 32 * 32
    assert max(asked) == 64
    assert torch.equal(labels, torch.from_numpy(large.labels))


@pytest.mark.parametrize("size", [16, 28, 32, 96])
def test_a_classifier_sees_a_reduced_image_as_the_image_itself(size, learned):
    stream = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (4, 3, size, size), dtype=torch.uint8, generator=stream)
    whole, small = (learned.classifier(each).features for each in (images, module.resize_uint8(images)))
    assert small.numpy() == pytest.approx(whole.numpy(), abs=0.02 * whole.abs().max().item())


def test_a_classifier_that_learned_nothing_warns(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "STEPS", 1)
    images = Few()
    images.labels = np.random.default_rng(0).integers(0, 2, 40)
    assert "of held-out images" in prepared(tmp_path, images).warnings[0]


@pytest.mark.parametrize("name", ["random", "classifier"])
def test_distances_grow_with_noise_and_with_every_digit_that_is_missing(name, learned):
    extractor = learned.classifier if name == "classifier" else Random()
    images = torch.from_numpy(np.array(learned.digits.pixels)) / 127.5 - 1
    labels = torch.from_numpy(learned.digits.labels)
    kinds = frozenset({"moments"})
    real = Statistics.from_images(images[::2].split(256), extractor, kinds)
    images, labels, stream = images[1::2], labels[1::2], torch.Generator().manual_seed(0)

    def distance(fakes):
        (score,) = FrechetDistance()(real, Statistics.from_images(fakes.split(256), extractor, kinds))
        assert score.name == f"fd_{name}"
        return score.value

    noise = torch.randn(images.shape, generator=stream)
    noisy = [distance((images + scale * noise).clamp(-1, 1)) for scale in (0, 0.1, 0.2, 0.4)]
    missing = [distance(images[labels < count]) for count in (10, 9, 5, 2, 1)]
    assert noisy == sorted(noisy)
    assert missing == sorted(missing)
    assert min(noisy[-1], missing[-1]) > 10 * noisy[0]


def test_modes_of_digits_are_counted(learned):
    images, labels = torch.from_numpy(np.array(learned.digits.pixels)), learned.digits.labels
    kinds = frozenset({"logits"})
    real = Statistics.from_images(images.split(256), learned.classifier, kinds)
    three = Statistics.from_images([images[labels < 3]], learned.classifier, kinds)
    everything, some = ({score.name: score.value for score in ModeCoverage()(real, fake)} for fake in (real, three))
    assert everything["modes_hit"] == 10
    assert some == pytest.approx({"modes_hit": 3, "modes_kl": np.log(10 / 3)}, abs=0.05)
