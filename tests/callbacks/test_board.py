"""The line among D's outputs at which it cannot tell real from generated images."""

import csv
from pathlib import Path

import pytest
from omegaconf import OmegaConf
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from gan_lightning.callbacks.board import hyperparameter_summaries
from gan_lightning.losses.adversarial import Hinge, LeastSquares, Minimax, NonSaturating, Wasserstein
from support.command import NARROW, front_door


@pytest.mark.parametrize(
    ("loss", "output"),
    [
        (NonSaturating(), 0.5),
        (NonSaturating(real_target=0.9), 0.45),
        (Minimax(), 0.5),
        (LeastSquares(), 0.5),
        (LeastSquares(-1, 1, 0), 0.0),
        (Hinge(), None),
        (Wasserstein(), None),
    ],
)
def test_an_undecided_discriminator_is_halfway_between_its_targets(loss, output):
    assert loss.undecided == (None if output is None else pytest.approx(output))


def test_hyperparameters_are_settings_alone(composed, tmp_path):
    config = composed("model=wgan_gp", "data=mnist", run_dir=tmp_path)
    plain = OmegaConf.to_container(config, resolve=True)
    start, _ = hyperparameter_summaries(plain)
    found = HParamsPluginData.FromString(start.value[0].metadata.plugin_data.content).session_start_info.hparams
    assert not any(str(tmp_path) in value.string_value or "{" in value.string_value for value in found.values())
    assert not [key for key in found if key.startswith(("trainer.callbacks", "trainer.logger", "data.root"))]
    assert {"seed", "data.batch_size", "trainer.max_epochs", "model.penalties.gradient_penalty.weight"} <= set(found)


@pytest.mark.slow
def test_a_run_of_cross_entropy_has_the_line_and_a_run_of_hinge_has_none():
    lines = {}
    for loss in ("non_saturating", "hinge"):
        words = ["trainer.log_every_n_steps=2", "trainer.max_steps=4", f"loss={loss}", f"hydra.run.dir={loss}"]
        assert front_door(*NARROW, *words) == 0
        with Path(loss, "metrics.csv").open() as stream:
            lines[loss] = [
                (row["step"], row["d_out/undecided"]) for row in csv.DictReader(stream) if row.get("d_out/undecided")
            ]
    assert lines == {"non_saturating": [("2", "0.5"), ("4", "0.5")], "hinge": []}
