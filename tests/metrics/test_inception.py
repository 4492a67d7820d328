"""Inception: where its weights come from, which files are refused, and its resizing."""

import shutil
from hashlib import sha256
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from PIL import Image

from gan_lightning.metrics.extractors import inception
from gan_lightning.metrics.extractors.inception import INPUT_SIZE, Inception, resize_clean
from gan_lightning.metrics.extractors.random import Random


@pytest.fixture
def torch_home(tmp_path, monkeypatch):
    """An empty cache of torch's; the folder for its checkpoints."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv(inception.WEIGHTS_VARIABLE, raising=False)
    folder = tmp_path / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def test_missing_weights_are_found_at_once_and_the_message_says_what_to_put_where(torch_home, monkeypatch):
    monkeypatch.setattr(torch.hub, "download_url_to_file", lambda *_, **__: pytest.fail("tried a download"))
    with pytest.raises(ValueError, match="needs the weights") as refusal:
        Inception()
    for part in (
        str(torch_home / inception.WEIGHTS_FILE),
        "96 MB",
        inception.OFFICIAL_SHA256,
        "extractor.weights",
        inception.WEIGHTS_VARIABLE,
    ):
        assert part in str(refusal.value)
    with pytest.raises(ValueError, match=r"extractor\.weights=nowhere\.pth is not a file"):
        Inception("nowhere.pth", download=True)
    monkeypatch.setenv(inception.WEIGHTS_VARIABLE, "elsewhere.pth")
    with pytest.raises(ValueError, match=r"GAN_LIGHTNING_INCEPTION=elsewhere\.pth is not a file"):
        Inception()


def test_weights_come_from_the_argument_else_the_environment_else_torchs_cache(
    torch_home, tmp_path, inception_weights, monkeypatch
):
    content = Path(inception_weights).read_bytes()
    by_place = {}
    for place in ("argument", "environment", "cache"):
        by_place[place] = torch_home / inception.WEIGHTS_FILE if place == "cache" else tmp_path / place
        by_place[place].write_bytes(content + place.encode())
    found = sha256(content + b"cache").hexdigest()
    monkeypatch.setattr(inception, "OFFICIAL_SHA256", found)
    assert inception.read_weights(None, False).sha256 == found
    monkeypatch.setenv(inception.WEIGHTS_VARIABLE, str(by_place["environment"]))
    assert inception.read_weights(None, False).content.endswith(b"environment")
    assert inception.read_weights(str(by_place["argument"]), False).content.endswith(b"argument")
    assert not inception.read_weights(str(by_place["argument"]), False).is_official


def test_a_wrong_file_in_torchs_cache_is_refused_and_one_that_is_named_is_used_with_a_warning(
    torch_home, inception_weights
):
    shutil.copy(inception_weights, torch_home / inception.WEIGHTS_FILE)
    with pytest.raises(ValueError, match="whose sha256 is 6726825d0af5.{52}; got [0-9a-f]{64},"):
        Inception(layer="64")
    before = torch.get_rng_state()
    named = Inception(inception_weights, layer="64")
    assert torch.equal(before, torch.get_rng_state())
    assert named.identity.sha256 == sha256(Path(inception_weights).read_bytes()).hexdigest()
    assert "not the official ones" in named.warnings[0]


def test_official_weights_come_without_a_warning(torch_home, inception_weights, monkeypatch):
    shutil.copy(inception_weights, torch_home / inception.WEIGHTS_FILE)
    monkeypatch.setattr(inception, "OFFICIAL_SHA256", sha256(Path(inception_weights).read_bytes()).hexdigest())
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
    assert asked == [(str(torch_home / inception.WEIGHTS_FILE), inception.OFFICIAL_SHA256)]


@pytest.mark.parametrize("size", [8, 32, 64, 299, 400])
def test_clean_resizing_is_pillows(size):
    images = torch.randint(0, 256, (1, 3, size, size), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    planes = [Image.fromarray(plane.numpy().astype(np.float32), mode="F") for plane in images[0]]
    expected = [
        np.asarray(plane.resize((INPUT_SIZE, INPUT_SIZE), Image.Resampling.BICUBIC)).clip(0, 255) for plane in planes
    ]
    assert np.abs(resize_clean(images)[0].numpy() - np.stack(expected)).max() == pytest.approx(0, abs=1e-2)
