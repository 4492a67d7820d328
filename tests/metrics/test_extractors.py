"""Feature extractors: the same features everywhere, weights that are the right ones, and no network."""

import shutil
from pathlib import Path
from types import SimpleNamespace
from urllib.error import URLError

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from gan_lightning.config import schema
from gan_lightning.data.digits import Digits
from gan_lightning.metrics.extractors import classifier as classifying
from gan_lightning.metrics.extractors import inception as weights
from gan_lightning.metrics.extractors.classifier import Classifier
from gan_lightning.metrics.extractors.extractor import Extractor, ExtractorOutput
from gan_lightning.metrics.extractors.inception import Inception
from gan_lightning.metrics.extractors.random import Random
from gan_lightning.metrics.fid import FrechetDistance
from gan_lightning.metrics.images import to_uint8
from gan_lightning.metrics.modes import Modes
from gan_lightning.metrics.statistics import Statistics


def levels(count=4, size=16):
    stream = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, 3, size, size), dtype=torch.uint8, generator=stream)


def test_random_features_are_the_same_in_every_process_and_move_no_random_state():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = Random()
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(2)
    second, other = Random(), Random(seed=1)
    assert first.identity == second.identity != other.identity
    assert torch.equal(first(levels()).features, second(levels()).features)
    assert first(levels()).features.shape == (4, first.identity.feature_dim)


@pytest.mark.parametrize("size", [8, 9, 28, 64])
def test_random_features_take_any_size_from_eight_on(size):
    features = Random()(levels(size=size)).features
    assert features.isfinite().all()
    assert (features.std(0) > 0).float().mean() > 0.9


def test_random_features_of_smaller_images_are_refused():
    with pytest.raises(ValueError, match="at least 8x8; got 4x4"):
        Random()(levels(size=4))


def test_features_are_float32_without_gradients_whatever_surrounds_them():
    extractor = Random()
    with torch.autocast("cpu", torch.bfloat16):
        features = extractor(levels()).features
    assert features.dtype == torch.float32
    assert not features.requires_grad
    assert torch.equal(features, extractor(levels()).features)


def test_reduced_precision_does_not_reach_the_features_and_is_there_again_afterwards():
    seen = []

    class Watching(Random):
        def extract(self, levels):
            seen.append((torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32))
            return super().extract(levels)

    torch.set_float32_matmul_precision("high")
    try:
        Watching()(levels())
        assert (torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32) == ("high", True)
    finally:
        torch.set_float32_matmul_precision("highest")
    assert seen == [("highest", False)]


def test_a_module_that_holds_an_extractor_does_not_save_it():
    module = torch.nn.Linear(1, 1)
    module.extractor = Random()
    assert set(module.state_dict()) == {"weight", "bias"}


def test_features_that_are_no_numbers_are_refused():
    class Broken(Extractor):
        network, identity = Random().network, Random().identity

        def extract(self, levels):
            return ExtractorOutput(torch.full((len(levels), 2), torch.nan))

    with pytest.raises(ValueError, match="the extractor random must be finite"):
        Broken()(levels())


# Inception's weights


@pytest.fixture
def torch_home(tmp_path, monkeypatch):
    """An empty cache of torch's; the folder for its checkpoints."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv(weights.VARIABLE, raising=False)
    folder = tmp_path / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def test_missing_weights_are_found_at_once_and_the_message_says_what_to_put_where(torch_home, monkeypatch):
    monkeypatch.setattr(torch.hub, "download_url_to_file", lambda *_, **__: pytest.fail("tried a download"))
    with pytest.raises(ValueError, match="needs the weights") as refusal:
        Inception()
    for part in (str(torch_home / weights.FILE), "96 MB", weights.SHA256, "extractor.weights", weights.VARIABLE):
        assert part in str(refusal.value)
    with pytest.raises(ValueError, match=r"extractor\.weights=nowhere\.pth is no file"):
        Inception("nowhere.pth", download=True)
    monkeypatch.setenv(weights.VARIABLE, "elsewhere.pth")
    with pytest.raises(ValueError, match=r"GAN_LIGHTNING_INCEPTION=elsewhere\.pth is no file"):
        Inception()


def test_weights_come_from_the_argument_else_the_environment_else_torchs_cache(
    torch_home, tmp_path, inception_weights, monkeypatch
):
    content = Path(inception_weights).read_bytes()
    by_place = {}
    for place in ("argument", "environment", "cache"):
        by_place[place] = torch_home / weights.FILE if place == "cache" else tmp_path / place
        by_place[place].write_bytes(content + place.encode())
    found = weights.sha256(content + b"cache").hexdigest()
    monkeypatch.setattr(weights, "SHA256", found)
    assert weights.read(None, False).sha256 == found
    monkeypatch.setenv(weights.VARIABLE, str(by_place["environment"]))
    assert weights.read(None, False).content.endswith(b"environment")
    assert weights.read(str(by_place["argument"]), False).content.endswith(b"argument")
    assert not weights.read(str(by_place["argument"]), False).is_official


def test_a_wrong_file_in_torchs_cache_is_refused_and_one_that_is_named_is_used_with_a_warning(
    torch_home, inception_weights
):
    shutil.copy(inception_weights, torch_home / weights.FILE)
    with pytest.raises(ValueError, match="whose sha256 is 6726825d0af5.{52}; got [0-9a-f]{64},"):
        Inception(layer="64")
    before = torch.get_rng_state()
    named = Inception(inception_weights, layer="64")
    assert torch.equal(before, torch.get_rng_state())
    assert named.identity.sha256 == weights.sha256(Path(inception_weights).read_bytes()).hexdigest()
    assert "not the official ones" in named.warnings[0]


def test_official_weights_come_without_a_warning(torch_home, inception_weights, monkeypatch):
    shutil.copy(inception_weights, torch_home / weights.FILE)
    monkeypatch.setattr(weights, "SHA256", weights.sha256(Path(inception_weights).read_bytes()).hexdigest())
    assert Inception(layer="64").warnings == ()


class Evil:
    def __reduce__(self):
        return (Path.touch, (Path("was here"),))


@pytest.mark.parametrize("damage", ["truncated", "empty", "a web page", "another network", "a program"])
def test_files_that_are_not_the_networks_weights_are_refused_in_a_sentence(damage, tmp_path, inception_weights):
    file = tmp_path / "weights.pth"
    if damage == "another network":
        torch.save(Random().network.state_dict(), file)
    elif damage == "a program":
        torch.save(Evil(), file)
    else:
        whole = Path(inception_weights).read_bytes()
        file.write_bytes({"truncated": whole[:100_000], "empty": b""}.get(damage, b"<html>not found</html>"))
    with pytest.raises(
        ValueError, match=r"weights\.pth must hold torch-fidelity's Inception weights; torch says: .+"
    ) as refusal:
        Inception(str(file))
    assert "\n" not in str(refusal.value)
    assert not Path("was here").exists()


def test_a_download_happens_when_asked_for_and_its_failure_is_a_sentence(torch_home, inception_weights, monkeypatch):
    asked = []

    def fetch(url, file, hash_prefix, progress):
        asked.append((file, hash_prefix))
        raise URLError("no route")

    monkeypatch.setattr(torch.hub, "download_url_to_file", fetch)
    with pytest.raises(ValueError, match="could not fetch .* put the file at"):
        Inception(download=True)
    assert asked == [(str(torch_home / weights.FILE), weights.SHA256)]


# The classifier


def digits(folder):
    module = Digits(image_size=32, channels=1, batch_size=64, num_classes=10, cache_dir=str(folder))
    return module.stores("train")[0]


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
    monkeypatch.setattr(classifying, "trained", lambda *_: pytest.fail("trained again"))
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
    monkeypatch.setattr(classifying, "STEPS", 20)


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


def test_a_damaged_classifier_is_trained_anew(quick, tmp_path):
    one = prepared(tmp_path, Few())
    (file,) = (tmp_path / "classifiers").glob("*.pt")
    file.write_bytes(file.read_bytes()[:100])
    assert prepared(tmp_path, Few()).identity == one.identity


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
    monkeypatch.setattr(classifying, "trained", lambda *_: pytest.fail("trained"))
    with pytest.raises(ValueError, match="needs at least 5 images in each split .* got 4: take extractor=random"):
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
    read, labels = classifying._read(large, range(200))
    assert read.shape == (200, 3, 32, 32)
    assert read.untyped_storage().nbytes() == 200 * 3 * 32 * 32
    assert max(asked) == 64
    assert torch.equal(labels, torch.from_numpy(large.labels))


@pytest.mark.parametrize("size", [16, 28, 32, 96])
def test_a_classifier_sees_a_reduced_image_as_the_image_itself(size, learned):
    images = levels(size=size)
    whole, small = (learned.classifier(each).features for each in (images, classifying.reduced(images)))
    assert small.numpy() == pytest.approx(whole.numpy(), abs=0.02 * whole.abs().max().item())


def test_a_classifier_that_learned_nothing_warns(monkeypatch, tmp_path):
    monkeypatch.setattr(classifying, "STEPS", 1)
    images = Few()
    images.labels = np.random.default_rng(0).integers(0, 2, 40)
    assert "of held-out images" in prepared(tmp_path, images).warnings[0]


@pytest.mark.parametrize("name", ["random", "classifier"])
def test_distances_grow_with_noise_and_with_every_digit_that_is_missing(name, learned):
    extractor = learned.classifier if name == "classifier" else Random()
    images = torch.from_numpy(np.array(learned.digits.pixels)) / 127.5 - 1
    labels = torch.from_numpy(learned.digits.labels)
    needs = frozenset({"moments"})
    real = Statistics.from_images(images[::2].split(256), extractor, needs)
    images, labels, stream = images[1::2], labels[1::2], torch.Generator().manual_seed(0)

    def distance(fakes):
        return FrechetDistance()(real, Statistics.from_images(fakes.split(256), extractor, needs))[f"fd_{name}"]

    noise = torch.randn(images.shape, generator=stream)
    noisy = [distance((images + scale * noise).clamp(-1, 1)) for scale in (0, 0.1, 0.2, 0.4)]
    missing = [distance(images[labels < count]) for count in (10, 9, 5, 2, 1)]
    assert noisy == sorted(noisy)
    assert missing == sorted(missing)
    assert min(noisy[-1], missing[-1]) > 10 * noisy[0]


def test_modes_of_digits_are_counted(learned):
    images, labels = torch.from_numpy(np.array(learned.digits.pixels)), learned.digits.labels
    needs = frozenset({"logits"})
    real = Statistics.from_images(images.split(256), learned.classifier, needs)
    three = Statistics.from_images([images[labels < 3]], learned.classifier, needs)
    assert Modes()(real, real)["modes_hit"] == 10
    assert Modes()(real, three) == pytest.approx({"modes_hit": 3, "modes_kl": np.log(10 / 3)}, abs=0.05)
