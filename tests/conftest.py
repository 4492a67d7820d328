"""What the tests share: no network, the configuration, and small data in the real layouts."""

import os
import pickle
import sys
from copy import deepcopy
from functools import cache
from importlib import import_module
from pathlib import Path

from support import checked_types  # noqa: F401 - before anything of the package
from support.configuration import CONF
from support.small_files import picture, write_idx

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")
sys.path.append(str(Path(__file__).parent / "support" / "offline"))
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [sys.path[-1], os.environ.get("PYTHONPATH")]))

import no_network
import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from PIL import Image

from gan_lightning import signals
from gan_lightning.__main__ import main
from gan_lightning.config import resolvers
from support.evaluating import evaluate  # noqa: F401
from support.scored_runs import compare  # noqa: F401

LIBRARIES = [
    "lightning.pytorch", "matplotlib.pyplot", "rich", "scipy.linalg", "torch.utils.tensorboard", "torchmetrics",
    "torchvision",
]  # fmt: skip
for library in LIBRARIES:  # jaxtyping has compiled once more what a checked module is the first to import
    import_module(library)

resolvers.register()
torch.set_num_threads(1)


def pytest_terminal_summary(terminalreporter):
    """Show what tests recorded; what they print themselves is lost in xdist's workers."""
    for report in (*terminalreporter.stats.get("passed", []), *terminalreporter.stats.get("failed", [])):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")


@pytest.fixture(autouse=True)
def lives_on(monkeypatch):
    """Commands run in the test's process, which stays after a signal has ended one; the watch for blocked ones would end it."""
    monkeypatch.setattr(signals, "PATIENCE", 1e6)


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path_factory):
    """No test reaches the network, nor any Python that it starts; the file that notes who tried, which fails the test."""
    notes = tmp_path_factory.mktemp("offline") / "notes"
    monkeypatch.setenv(no_network.NOTES, str(notes))
    yield notes
    assert not notes.exists(), f"the test tried to reach the network: {notes.read_text()}"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Tests run in a folder of their own, so that a file written to the current one is seen."""
    (tmp_path / "cwd").mkdir()
    monkeypatch.setenv("GAN_LIGHTNING_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path / "cwd")


@pytest.fixture
def gan_lightning(monkeypatch, capfd):
    """Runs the command in this process; returns exit code and what was written to stderr."""

    def run(*arguments):
        GlobalHydra.instance().clear()
        monkeypatch.setattr(sys, "argv", ["gan-lightning", *arguments])
        capfd.readouterr()
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code
        return code, capfd.readouterr().err

    return run


@cache
def composed_once(*overrides):
    """Compose the configuration of a run; a copy of it costs a thirtieth."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", overrides=list(overrides))


@pytest.fixture
def composed():
    """Composes the configuration of a run with overrides."""

    def compose_run(*overrides, run_dir="run"):
        config = deepcopy(composed_once("run_dir=run", *overrides))
        config.run_dir = str(run_dir)
        return config

    return compose_run


@pytest.fixture(scope="session")
def faces(tmp_path_factory):
    """CelebA's layout with 24 small faces."""
    root = tmp_path_factory.mktemp("celeba")
    (root / "img_align_celeba").mkdir()
    for number in range(1, 25):
        picture(number, 178, 218).save(root / "img_align_celeba" / f"{number:06d}.jpg")
    return root


@pytest.fixture(scope="session")
def small_mnist(tmp_path_factory):
    """MNIST's four files with 40 training and 10 test digits."""
    root = tmp_path_factory.mktemp("mnist")
    rng = np.random.default_rng(0)
    for prefix, count in (("train", 40), ("t10k", 10)):
        write_idx(root / f"{prefix}-images-idx3-ubyte.gz", rng.integers(0, 256, (count, 28, 28)))
        write_idx(root / f"{prefix}-labels-idx1-ubyte.gz", np.arange(count) % 10)
    return root


@pytest.fixture(scope="session")
def small_cifar10(tmp_path_factory):
    """CIFAR-10's folder with 20 pictures in each batch."""
    root = tmp_path_factory.mktemp("cifar10")
    (root / "cifar-10-batches-py").mkdir()
    rng = np.random.default_rng(0)
    for name in [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"]:
        content = {b"data": rng.integers(0, 256, (20, 3072), dtype=np.uint8), b"labels": [n % 10 for n in range(20)]}
        (root / "cifar-10-batches-py" / name).write_bytes(pickle.dumps(content, protocol=2))
    return root


@pytest.fixture(scope="session")
def pairs(tmp_path_factory):
    """A|B images, side by side, 12 for training and 4 for tests."""
    root = tmp_path_factory.mktemp("pairs")
    for split, count in (("train", 12), ("test", 4)):
        (root / split).mkdir()
        for number in range(count):
            both = Image.new("RGB", (40, 20))
            both.paste(picture(number, 20, 20), (0, 0))
            both.paste(picture(100 + number, 20, 20), (20, 0))
            both.save(root / split / f"{number}.png")
    return root


@pytest.fixture(scope="session")
def two_domains(tmp_path_factory):
    """trainA with 10, trainB with 6, testA and testB with 3 images."""
    root = tmp_path_factory.mktemp("domains")
    for folder, count in (("trainA", 10), ("trainB", 6), ("testA", 3), ("testB", 3)):
        (root / folder).mkdir()
        for number in range(count):
            picture(10 * len(folder) + ord(folder[-1]) + number, 24, 24).save(root / folder / f"{number}.jpg")
    return root


@pytest.fixture(scope="session")
def classes(tmp_path_factory):
    """Three class folders of five images."""
    root = tmp_path_factory.mktemp("classes")
    for number, name in enumerate(("cats", "dogs", "owls")):
        (root / name).mkdir()
        for each in range(5):
            picture(10 * number + each).save(root / name / f"{each}.png")
    return root


@pytest.fixture(scope="session")
def roots(faces, small_mnist, small_cifar10, pairs, two_domains, classes, tmp_path_factory):
    """Overrides that give every data set its small files."""
    attributes = tmp_path_factory.mktemp("attributes")
    (attributes / "img_align_celeba").symlink_to(faces / "img_align_celeba")
    rows = [f"{number:06d}.jpg {1 if number % 3 else -1} -1" for number in range(1, 25)]
    (attributes / "list_attr_celeba.txt").write_text("\n".join(["24", "Smiling Young", *rows]))
    mnist = [f"data.root={small_mnist}", "data.download=false"]
    return {
        "digits": [],
        "ring": [],
        "mnist": mnist,
        "fashion_mnist": mnist,
        "cifar10": [f"data.root={small_cifar10}"],
        "celeba": [f"data.root={faces}"],
        "celeba_attribute": [f"data.root={attributes}"],
        "anime_faces": [f"data.root={faces}"],
        "folder": [f"data.root={faces}"],
        "folder_labelled": [f"data.root={classes}"],
        "paired": [f"data.root={pairs}"],
        "facades": [f"data.root={pairs}"],
        "unpaired": [f"data.root={two_domains}"],
        "horse2zebra": [f"data.root={two_domains}"],
        "photos_paired": [],
        "photos_unpaired": [],
        "hf": ["data.name=imagefolder", f"data.root={classes}"],
    }


@pytest.fixture(scope="session")
def inception_weights(tmp_path_factory):
    """A file of seeded random weights for torch-fidelity's Inception, scaled so that every layer passes its signal on."""
    from unittest import mock

    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    with (
        torch.random.fork_rng(devices=[]),
        mock.patch("torch_fidelity.feature_extractor_inceptionv3.load_state_dict_from_url", return_value={}),
        mock.patch.object(FeatureExtractorInceptionV3, "load_state_dict"),  # there is nothing to load yet
    ):
        network = FeatureExtractorInceptionV3("inception", ["2048"])
    stream = torch.Generator().manual_seed(0)
    for layer in network.modules():
        if isinstance(layer, torch.nn.Conv2d | torch.nn.Linear):
            torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=stream)
    file = tmp_path_factory.mktemp("weights") / "inception.pth"
    torch.save(network.state_dict(), file)
    return str(file)
