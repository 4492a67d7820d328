"""`gan-lightning animate`: a run's grids in motion and side by side, from its pictures alone."""

import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan_lightning.reports.captions import captioned
from gan_lightning.reports.png import write_png
from support.command import front_door
from support.run_folders import files
from support.small_files import picture

ITERATIONS = [0, 50, 100, 150, 1000]
MADE = {"animation.gif", "animation.webp", "strip.png"}


@pytest.fixture
def run():
    """What is left of a run: grids, another picture, and losses with a line that was not finished."""
    for number, iteration in enumerate(ITERATIONS):
        write_png(picture(number, 134, 68), Path(f"run/samples/{iteration:07d}.png"))
    write_png(picture(9, 134, 68), Path("run/samples/real.png"))
    lines = [f"{iteration},{1 / iteration},2.0" for iteration in range(1, 1001)]
    Path("run/losses.csv").write_text("\n".join(["iteration,discriminator,generator", *lines, "1001,0."]))
    return Path("run")


def animate(*words):
    return front_door("animate", "run=run", "output=out", *words)


def sizes(*names):
    return [Image.open(Path("out", name)).size for name in names]


def test_a_run_becomes_an_animation_of_all_its_grids_and_a_strip(run):
    before = files(run)
    assert animate() == 0
    assert {file.name for file in Path("out").iterdir()} == MADE
    for name in ("animation.gif", "animation.webp"):
        with Image.open(Path("out", name)) as animation:
            assert animation.n_frames == 5
            assert animation.width == 134
            assert animation.height > 68, "there is a caption below"
    assert sizes("strip.png")[0][0] > 5 * 134
    assert files(run) == before


def test_the_same_command_writes_the_same_bytes(run):
    assert animate("losses=true") == 0
    first = {name: Path("out", name).read_bytes() for name in MADE}
    assert animate("losses=true", "overwrite=true") == 0
    assert {name: Path("out", name).read_bytes() for name in MADE} == first


def test_the_losses_are_beside_each_grid(run):
    assert animate("caption=false", "strip=0") == 0
    assert sizes("animation.gif") == [(134, 68)]
    assert not Path("out/strip.png").exists()
    assert animate("caption=false", "losses=true", "overwrite=true") == 0
    (width, height), *_ = sizes("animation.gif")
    assert (width, height) == (134 + 320, 240)
    with Image.open("out/animation.webp") as animation:
        frames = []
        for number in range(5):
            animation.seek(number)
            frames.append(np.asarray(animation.convert("RGB")).astype(int)[:, 134:])
    assert all(np.abs(one - other).max() > 60 for one, other in pairwise(frames))


def test_a_grid_that_has_a_caption_gets_no_second_one(run):
    for file in (run / "samples").glob("0*.png"):
        write_png(captioned(Image.open(file), "epoch 1"), file, "epoch 1")
    height = Image.open(run / "samples" / "0000000.png").height
    assert animate() == 0
    assert sizes("animation.gif") == [(134, height)]


def test_large_grids_are_reduced_and_of_many_some_are_shown(run):
    assert animate("size=67", "max_frames=3", "caption=false") == 0
    assert sizes("animation.gif", "animation.webp") == [(67, 34)] * 2
    assert Image.open("out/animation.gif").n_frames == 3


def test_grids_of_two_sizes_and_the_last_checkpoint_as_the_run(run):
    write_png(picture(0, 60, 200), run / "samples" / "0002000.png")
    (run / "checkpoints").mkdir()
    (run / "checkpoints" / "last.ckpt").write_bytes(b"not read")
    (run / "run.json").touch()
    assert front_door("animate", "run=run/checkpoints/last.ckpt", "output=out", "caption=false") == 0
    assert sizes("animation.gif") == [(134, 200)]


REFUSED = {
    "no grid of this iteration": (["iterations=[0,90]"], "there is none of 90, the nearest is 100"),
    "a file that exists": (["output=there"], "overwrite=true replaces them"),
    "no grids": (["run=there"], "run must be a run folder; there has no run.json"),
    "no losses": (["run=bare", "losses=true"], "losses=true needs losses in the file losses.csv, and bare has none"),
    "damaged losses": (["run=damaged", "losses=true"], "losses=true needs losses in the file losses.csv"),
    "no picture": (["run=broken"], "cannot be read as a picture"),
    "a lonely checkpoint": (["run=lonely.ckpt"], "run must be a run folder, or a checkpoint in one"),
    "no run": (["run=nowhere"], "run must be a run folder; there is no nowhere"),
    "no frames": (["max_frames=0"], "max_frames must be a whole number of at least 1; got 0"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_animated_gets_a_sentence_and_nothing_is_written(case, run, capfd):
    words, sentence = REFUSED[case]
    Path("there").mkdir()
    Path("there/strip.png").write_bytes(b"mine")
    write_png(picture(0, 60, 60), Path("bare/samples/0000000.png"))
    shutil.copytree("bare", "damaged")
    Path("damaged/losses.csv").write_bytes(bytes(range(256)) * 2)
    Path("broken/samples").mkdir(parents=True)
    Path("broken/samples/0000000.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    Path("lonely.ckpt").touch()
    defaults = [
        word for word in ("run=run", "output=out") if word.split("=")[0] not in {w.split("=")[0] for w in words}
    ]
    capfd.readouterr()
    assert front_door("animate", *defaults, *words) == 2
    assert sentence in " ".join(capfd.readouterr().err.split())
    assert not Path("out").exists()
    assert not Path("outputs").exists()
    assert Path("there/strip.png").read_bytes() == b"mine"
