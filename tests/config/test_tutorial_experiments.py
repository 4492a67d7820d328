"""Settings of the tutorials' experiments that ten iterations beside their loops do not show."""

import pytest
import torch
from hydra.utils import instantiate


@pytest.fixture
def algorithms():
    """Put torch's choice of algorithms back, which a trainer sets for the whole process."""
    before = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark
    yield
    torch.use_deterministic_algorithms(before[0])
    torch.backends.cudnn.benchmark = before[1]


def test_the_pytorch_tutorials_trainer_has_deterministic_algorithms_alone(composed, algorithms, monkeypatch):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")  # Lightning sets it, as CUDA asks for
    torch.use_deterministic_algorithms(False)
    alone = ["trainer.accelerator=cpu", "callbacks=none", "logger=none"]
    trainer = instantiate(composed("experiment=tutorial/pytorch_dcgan_celeba", *alone).trainer)
    assert torch.are_deterministic_algorithms_enabled()
    assert not torch.is_deterministic_algorithms_warn_only_enabled()
    assert not torch.backends.cudnn.benchmark
    assert trainer.max_epochs == 5


@pytest.mark.parametrize("name", ["jittor_lsgan_mnist", "jittor_lsgan_celeba"])
def test_the_jittor_tutorials_pictures_are_stretched_whole(name, composed):
    data = composed(f"experiment=tutorial/{name}").data
    assert (data.fit, data.center_crop, data.image_size) == ("stretch", None, 112)
