"""A short run with all that a report shows."""

import pytest

from support.command import DRAWN, front_door


def trained(folder, *words):
    """Train for four iterations with grids and scores; return the run folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_LIGHTNING_CACHE", str(folder.parent / "cache"))
        every = ["callbacks.samples.every_n_iterations=1", "callbacks.scores.every_n_iterations=2"]
        scores = ["metric=[fid]", "callbacks.scores.num_images=20", *every]
        assert front_door(*DRAWN, "trainer.max_steps=4", *scores, f"hydra.run.dir={folder}", *words) == 0
    return folder
