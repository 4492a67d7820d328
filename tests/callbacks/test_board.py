"""The line among D's outputs at which it cannot tell real from generated images."""

import csv
from pathlib import Path

import pytest

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
