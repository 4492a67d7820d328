"""Models restored from the checkpoints of finished runs."""

from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

from gan_lightning.config.record import RunRecord
from gan_lightning.config.restoring import restored_config
from gan_lightning.config.runs import checkpoint_of, restored
from support.translating import translate


def test_a_restored_model_has_the_trained_weights_and_draws_nothing(pix2pix):
    file = checkpoint_of(str(pix2pix), "run")
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    model, config, iteration = restored(file, "run")
    assert torch.equal(torch.rand(3), expected)
    kept = torch.load(file, weights_only=True)["state_dict"]
    own = model.state_dict()
    assert own.keys() == kept.keys()
    assert all(torch.equal(own[name], kept[name]) for name in kept)
    assert (config.data.image_size, iteration) == (32, 2)


def test_a_run_folder_and_its_last_checkpoint_are_the_same(pix2pix):
    file = pix2pix / "checkpoints" / "last.ckpt"
    assert checkpoint_of(str(pix2pix), "run") == checkpoint_of(str(file), "run") == file


def test_a_restored_model_samples_by_its_moving_average(cyclegan):
    file = checkpoint_of(str(cyclegan), "run")
    model = restored(file, "run").model
    kept = torch.load(file, weights_only=True)["state_dict"]
    with model.sampling() as network:
        weights = network.state_dict()
    assert all(torch.equal(weight, kept[f"ema.module.{name}"]) for name, weight in weights.items())
    assert any(not torch.equal(weight, kept[f"generator.{name}"]) for name, weight in weights.items())


def test_a_list_that_was_typed_in_place_of_another_key_s_value_comes_back(composed):
    word = "model.generator_optimizer.betas=[0.0,0.9]"
    own = composed("model=dcgan", word)
    assert composed("model=dcgan").model.generator_optimizer._get_node("betas")._is_interpolation()
    record = RunRecord.of_new_run([word], OmegaConf.to_container(own, resolve=True))
    assert restored_config(record, [], "run").model.generator_optimizer.betas == [0.0, 0.9]


def damaged(pix2pix, change):
    state = torch.load(pix2pix / "checkpoints" / "last.ckpt", weights_only=True)
    change(state)
    torch.save(state, "bad.ckpt")
    return Path("bad.ckpt")


DAMAGED = {
    "no configuration": (lambda state: state.pop("hyper_parameters"), "bad.ckpt has no configuration in it"),
    "no model": (lambda state: state["hyper_parameters"].pop("model"), "bad.ckpt has no configuration in it"),
    "another width": (
        lambda state: state["hyper_parameters"]["model"]["generator"].update(width=3),
        "bad.ckpt does not fit the model of its own configuration: size mismatch for generator.down.0.0.weight",
    ),
    "a missing weight": (
        lambda state: state["state_dict"].pop("generator.image.1.bias"),
        'Missing key.s. in state_dict: "generator.image.1.bias"',
    ),
    "another class": (
        lambda state: state["hyper_parameters"].update(model={"_target_": "torch.nn.ReLU"}),
        "model.generator must be given",
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_checkpoint_that_cannot_be_restored_is_named(case, pix2pix):
    change, said = DAMAGED[case]
    with pytest.raises(ValueError, match=said):
        restored(damaged(pix2pix, change), "run")


@pytest.mark.parametrize("length", [0, 100, 5000])
def test_a_truncated_checkpoint_gets_one_sentence(length, pix2pix, photos, capfd):
    Path("bad.ckpt").write_bytes((pix2pix / "checkpoints" / "last.ckpt").read_bytes()[:length])
    assert translate("bad.ckpt", photos, "out") == 2
    err = capfd.readouterr().err
    assert "bad.ckpt is no readable checkpoint" in err
    assert "Traceback" not in err
    assert not Path("out").exists()


def test_files_that_only_training_needs_are_not_needed_any_more(pix2pix):
    def compared(state):
        state["hyper_parameters"]["model"]["reconstructions"] = {
            "perceptual": {"_target_": "gan_lightning.losses.perceptual.Perceptual", "weights": "gone.pth"}
        }

    assert restored(damaged(pix2pix, compared), "run").iteration == 2


def test_a_checkpoint_cannot_name_a_command_of_the_system(pix2pix, photos, capfd):
    def evil(state):
        state["hyper_parameters"]["model"] = {"_target_": "os.system", "command": "touch out"}

    assert translate(damaged(pix2pix, evil), photos, "out") == 2
    assert "Traceback" not in capfd.readouterr().err
    assert not Path("out").exists()
