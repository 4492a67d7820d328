"""Runs of networks from outside of the package, whose generator has an nn.Embedding and dropout as noise."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import gan_lightning
from gan_lightning.reports.pictures import levels, picture
from gan_lightning.reports.png import write_png
from support.command import front_door

OUTSIDE = Path(__file__).resolve().parents[1] / "support" / "extensions"
CONF = OUTSIDE / "conf"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run whose generator takes labels and no weights of classes."""
    folder = tmp_path_factory.mktemp("labelled") / "run"
    words = ["model=cgan", "network=labelled", "data=digits", "data.image_size=8", "data.batch_size=8"]
    short = ["model.latent_dim=4", "trainer=cpu", "trainer.max_steps=1", "callbacks=checkpoint", "logger=none"]
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(OUTSIDE)
        patch.setenv("GAN_LIGHTNING_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        assert front_door("--config-dir", CONF, *words, *short, f"hydra.run.dir={folder}") == 0
        yield folder


def command(name, run, *words):
    return front_door(name, "--config-dir", CONF, f"run={run}", "device=cpu", *words)


def test_labels_are_whole_where_both_ends_have_one_class(run):
    same = ["samples=[3,13]", "arithmetic=[[0,10],[20],[30]]"]
    for output, words in (("same", same), ("one", ["samples=[0,1]", "labels=7"])):
        assert command("interpolate", run, f"output={output}", "steps=2", *words) == 0
    assert Path("same/arithmetic.png").exists()


@pytest.mark.parametrize(
    "words", [[], ["labels=[3,8]"], ["samples=[0,10]", "arithmetic=[[0],[1],[2]]"]], ids=["samples", "labels", "sum"]
)
def test_a_mixture_of_classes_is_refused_in_a_sentence_that_names_the_remedy(words, run, capfd):
    capfd.readouterr()
    assert command("interpolate", run, "output=out", *words) == 2
    shown = capfd.readouterr().err
    assert "labels must be one class, such as labels=0, because LabelledGenerator takes no weights of classes" in shown
    assert "ClassEmbedding" in shown
    assert shown.count("\n") == 1
    assert list(Path().iterdir()) == []


def test_what_inversion_found_is_made_again_in_python_with_labels_and_dropout(run):
    loaded = gan_lightning.load(run, device="cpu", config_dir=CONF)
    for number, image in enumerate(levels(loaded.sample(3, seed=5))):
        write_png(picture(image), Path("own", f"{number}.png"))
    assert command("invert", run, "input=own", "output=out", "steps=3", "starts=2", "seed=4") == 0
    found = np.load("out/latents.npz")
    inputs = [torch.from_numpy(found[name]) for name in ("latents", "labels") if name in found]
    images = loaded.images(*inputs, noise=[0] * len(inputs[0]))
    targets = torch.stack([torch.from_numpy(np.array(Image.open(f"own/{n}.png"))) for n in range(3)])[:, None]
    errors = (127.5 * (images + 1) - targets).square().mean((1, 2, 3)).sqrt()
    assert errors.numpy() == pytest.approx(found["errors"], abs=1e-3)
    other = loaded.images(*inputs, noise=[1] * len(inputs[0]))
    assert (other - images).abs().max() > 0.1, "dropout is noise"
