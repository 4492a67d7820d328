"""What two processes hold in common and what differs: buffers, dropout, and the images of both."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hydra.utils import instantiate

from gan_lightning.models.game import AdversarialGame

TWO = """
import sys
import torch
import torch.distributed as dist
from torch import nn
from gan_lightning import randomness
from gan_lightning.models.buffers import average_buffers

rank = int(sys.argv[1])
dist.init_process_group("gloo", init_method=f"file://{sys.argv[2]}", rank=rank, world_size=2)
network = nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(3, 3)), nn.BatchNorm1d(3))
before = {name: buffer.clone() for name, buffer in network.named_buffers()}
network[1].running_mean.fill_(rank + 1.0)
network[1].num_batches_tracked.fill_(7 + rank)
average_buffers(network)
assert network[1].running_mean.tolist() == [1.5] * 3, network[1].running_mean
assert network[1].num_batches_tracked == 7
directions = [name for name in before if name.endswith(("._u", "._v"))]
assert len(directions) == 2
assert all(torch.equal(dict(network.named_buffers())[name], before[name]) for name in directions)
with randomness.step(0, 5, torch.device("cpu")):
    kept = nn.functional.dropout(torch.ones(64), 0.5)
    shared = torch.rand(8, generator=randomness.shared(torch.device("cpu")))
both = randomness.all_gather(kept[None])
assert not torch.equal(both[0], both[1]), "dropout differs between ranks"
both = randomness.all_gather(shared[None])
assert torch.equal(both[0], both[1])
dist.barrier()
dist.destroy_process_group()
"""


@pytest.mark.slow
def test_two_processes_average_their_buffers_and_drop_out_for_themselves(tmp_path):
    command = [sys.executable, "-c", TWO]
    running = [
        subprocess.Popen([*command, str(rank), str(tmp_path / "store")], stderr=subprocess.PIPE, text=True)
        for rank in (0, 1)
    ]
    errors = [each.communicate(timeout=120)[1] for each in running]
    assert [each.returncode for each in running] == [0, 0], errors


def test_every_callback_that_uses_images_or_weights_averages_the_buffers_first(composed, roots, monkeypatch, tmp_path):
    called = set()
    monkeypatch.setattr(
        AdversarialGame,
        "average_buffers",
        lambda module: called.add((type(sys._getframe(1).f_locals["self"]).__name__, module.trainer.global_step)),
    )
    words = ["data=folder_labelled", "data.channels=1", *roots["folder_labelled"], "data.image_size=16"]
    config = composed(
        *words, "model.generator.width=2", "model.discriminator.width=2", "data.batch_size=4", "logger=none",
        "callbacks=[checkpoint,samples,scores]", "callbacks.checkpoint.every_n_iterations=3", "metric=[fid]",
        "callbacks.samples.every_n_iterations=2", "callbacks.scores.every_n_iterations=1", "trainer.max_steps=4",
        "callbacks.scores.num_images=12", "trainer.accelerator=cpu", run_dir=tmp_path,
    )  # fmt: skip
    instantiate(config.trainer).fit(instantiate(config.model), instantiate(config.data))
    assert {step for name, step in called if name == "Samples"} == {0, 2, 4}
    assert {step for name, step in called if name == "Scores"} == {1, 2, 3, 4}
    assert {step for name, step in called if name == "Checkpoints"} >= {3, 4}


KEEPING = """
import os, sys
import torch
from gan_lightning import __main__
from gan_lightning.models.game import AdversarialGame

averaged = AdversarialGame.average_buffers

def keep(module):
    averaged(module)
    rank = os.environ.get("LOCAL_RANK", "0")
    torch.save((module.trainer.global_step, module.state_dict(), module.sample(range(4))), f"rank{rank}.pt")

AdversarialGame.average_buffers = keep
__main__.main()
"""


@pytest.mark.slow
def test_two_ranks_with_batch_norm_hold_one_generator_wherever_its_images_are_used():
    Path("keeping.py").write_text(KEEPING)
    words = [
        "model=dcgan", "data.image_size=16", "data.batch_size=8", "model.generator.width=2", "ema=half_life",
        "model.discriminator.width=2", "trainer=ddp", "trainer.accelerator=cpu", "trainer.max_steps=12", "logger=none",
        "callbacks=checkpoint", "+trainer.enable_progress_bar=false", "hydra.run.dir=run",
    ]  # fmt: skip
    shown = subprocess.run([sys.executable, "keeping.py", *words], capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    (step, one, images), (other_step, two, other_images) = (torch.load(f"rank{rank}.pt") for rank in (0, 1))
    assert step == other_step == 12
    assert any(name.endswith("running_mean") for name in one)
    assert [name for name in one if not torch.equal(one[name], two[name])] == []
    assert torch.equal(images, other_images)
    kept = torch.load("run/checkpoints/last.ckpt", weights_only=True)["state_dict"]
    assert [name for name in kept if not torch.equal(kept[name], one[name])] == []
