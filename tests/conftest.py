"""What the tests share: no network, the configuration, and small data in the real layouts."""

import os
import socket
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from PIL import Image

from gan_lightning.config import names

ROOT = Path(__file__).resolve().parent.parent
CONF = ROOT / "conf"
MNIST_ROOT = ROOT.parent / "shared" / "data" / "mnist"
TINY = [
    "data.image_size=16", "data.batch_size=8", "data.num_workers=0", "trainer.max_steps=2", "trainer.accelerator=cpu",
    "trainer.log_every_n_steps=1", "trainer.limit_train_batches=4", "callbacks.samples.num_images=4",
]  # fmt: skip
names.register()
torch.set_num_threads(1)


def options(group: str) -> list[str]:
    """Every option of a configuration group, by glob."""
    return sorted(str(file.relative_to(CONF / group).with_suffix("")) for file in (CONF / group).rglob("*.yaml"))


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """No test reaches the network, whatever a library would like to fetch."""
    connect = socket.socket.connect

    def local_only(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise OSError(f"a test tried to reach {address}")
        return connect(self, address)

    def no_names(host, *rest, **more):
        if host in ("localhost", "127.0.0.1", "::1", "", None, socket.gethostname()):
            return lookup(host, *rest, **more)
        raise OSError(f"a test tried to look up {host}")

    lookup = socket.getaddrinfo
    monkeypatch.setattr(socket.socket, "connect", local_only)
    monkeypatch.setattr(socket, "getaddrinfo", no_names)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Tests run in a folder of their own, so that a file written to the current one is seen."""
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")


@pytest.fixture
def composed():
    """Composes the configuration of a run with overrides."""

    def compose_run(*overrides, run_dir="run"):
        GlobalHydra.instance().clear()
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return compose("config", overrides=[f"run_dir={run_dir}", *overrides])

    return compose_run


def picture(seed, width=20, height=24, mode="RGB"):
    """A smooth random picture, which survives JPEG and resizing recognisably."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (4, 4, 3), dtype=np.uint8))
    return small.resize((width, height), Image.Resampling.BICUBIC).convert(mode)


@pytest.fixture(scope="session")
def faces(tmp_path_factory):
    """CelebA's layout with 24 small faces."""
    root = tmp_path_factory.mktemp("celeba")
    (root / "img_align_celeba").mkdir()
    for number in range(1, 25):
        picture(number, 178, 218).save(root / "img_align_celeba" / f"{number:06d}.jpg")
    return root


def write_idx(file, array):
    """An array of bytes as an IDX file, packed where the name says so."""
    import gzip

    header = bytes([0, 0, 8, array.ndim]) + b"".join(int(n).to_bytes(4, "big") for n in array.shape)
    content = header + array.astype(np.uint8).tobytes()
    file.write_bytes(gzip.compress(content) if file.suffix == ".gz" else content)


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
def roots(faces, small_mnist):
    """Overrides that give every data set its small files."""
    return {
        "digits": [],
        "mnist": [f"data.root={small_mnist}", "data.download=false"],
        "celeba": [f"data.root={faces}"],
        "anime_faces": [f"data.root={faces}"],
        "folder": [f"data.root={faces}"],
    }
