"""The command line, run in the process of the test."""

import sys
from pathlib import Path

import pytest
from hydra.core.global_hydra import GlobalHydra

from gan_lightning.__main__ import main
from support.configuration import TINY

DRAWN = [*TINY, "model.generator.width=4", "model.discriminator.width=4"]
NARROW = [*DRAWN[:-2], "callbacks.plots=null", *DRAWN[-2:]]
"""A short run without plots, which take a third of its time."""


def front_door(*words: object) -> int:
    """The command in this process; its exit code."""
    GlobalHydra.instance().clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["gan-lightning", *map(str, words)])
        try:
            main()
        except SystemExit as stop:
            return stop.code
    return 0


def the_run(folder="outputs/train"):
    """The one run folder there is."""
    runs = sorted(Path(folder).iterdir())
    assert len(runs) == 1, runs
    return runs[0]
