"""A run on a file system that is really full: small ones in memory, where this process may mount them."""

import subprocess
import sys

import pytest

from gan_lightning.callbacks.checkpoint_io import AtomicCheckpointIO, newest_whole_checkpoint
from support.drilling import ENDLESS, Drill, unfinished

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="it is a tmpfs"),
]


@pytest.fixture
def small(tmp_path):
    """A folder on a file system of 2 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this process may not mount a file system")
    yield folder
    subprocess.run(["umount", folder], check=True)


FILLED_BY = {
    "checkpoints": ["callbacks.checkpoint.every_n_iterations=1", "callbacks.checkpoint.keep=null"],
    "grids": ["callbacks.checkpoint.every_n_iterations=5", "callbacks.samples.every_n_iterations=1"],
    "scalars": ["callbacks.checkpoint.every_n_iterations=50", "logger.csv.flush_every=1"],
}


@pytest.mark.parametrize("what", FILLED_BY)
def test_a_full_disk_gets_a_sentence_and_leaves_a_whole_checkpoint(what, small):
    if what == "scalars":
        (small / "others").write_bytes(bytes(1_600_000))
    drill = Drill(*ENDLESS, *FILLED_BY[what], f"hydra.run.dir={small / 'run'}")
    code, _ = drill.end(300)
    assert code == 5, drill.shown
    assert drill.shown.count("error: the disk was full at iteration") == 1
    assert "Traceback" not in drill.shown
    assert f"gan-lightning resume={small / 'run'}" in drill.shown
    folder = small / "run" / "checkpoints"
    assert AtomicCheckpointIO().load_checkpoint(newest_whole_checkpoint(folder))["global_step"] > 1
    assert unfinished(small) == []
