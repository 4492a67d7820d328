"""`gan-lightning invert`: latents of given pictures, from the command line."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_lightning import load
from gan_lightning.reports.pictures import levels, picture
from gan_lightning.reports.png import write_png
from support.command import front_door
from support.small_files import picture as some_picture


@pytest.fixture
def own(from_noise):
    """A folder with three pictures that the generator itself has made."""
    for number, image in enumerate(levels(load(from_noise, device="cpu").sample(3, seed=5))):
        write_png(picture(image), Path("own", f"{number}.png"))
    return Path("own")


def invert(run, source, output, *more):
    return front_door("invert", f"run={run}", f"input={source}", f"output={output}", "device=cpu", *more)


def found(folder):
    with np.load(Path(folder, "latents.npz"), allow_pickle=False) as content:
        return dict(content)


def test_pictures_of_the_generator_are_made_again_far_better_than_by_random_latents(from_noise, own, capfd):
    assert invert(from_noise, own, "out", "steps=150") == 0
    arrays = found("out")
    assert arrays["names"].tolist() == ["0.png", "1.png", "2.png"]
    run = load(from_noise, device="cpu")
    targets = run.sample(3, seed=5)
    by_chance = run.sample(20, seed=6)
    errors = 127.5 * (by_chance[:, None] - targets).square().mean((2, 3, 4)).sqrt()
    assert (arrays["errors"] < errors.median(0).values.numpy() / 4).all()
    again = run.images(torch.from_numpy(arrays["latents"]), noise=[0, 0, 0])
    assert (127.5 * (again - targets).square().mean((1, 2, 3)).sqrt()).numpy() == pytest.approx(
        arrays["errors"], abs=0.5
    )
    shown = capfd.readouterr().out
    assert "0.png: root mean squared error" in shown
    assert f"mean error of 3: {arrays['errors'].mean():.1f} levels" in shown
    assert Image.open("out/inversion.png").width > 3 * 64


@pytest.mark.slow
def test_the_same_command_writes_the_same_bytes_and_overwrites_nothing_unasked(from_noise, own, capfd):
    for output in ("one", "other"):
        assert invert(from_noise, own / "1.png", output, "steps=5") == 0
    for name in ("inversion.png", "latents.npz"):
        assert Path("one", name).read_bytes() == Path("other", name).read_bytes()
    assert invert(from_noise, own / "1.png", "one", "steps=5") == 2
    assert "overwrite=true replaces them" in capfd.readouterr().err
    assert invert(from_noise, own / "1.png", "one", "steps=5", "overwrite=true", "seed=3") == 0
    assert Path("one/latents.npz").read_bytes() != Path("other/latents.npz").read_bytes()


@pytest.mark.slow
def test_a_picture_is_inverted_alike_alone_and_in_any_batch(from_noise, own):
    for output, source, batch_size in (("all", own, 8), ("alone", own / "2.png", 1)):
        assert invert(from_noise, source, output, "steps=10", f"batch_size={batch_size}") == 0
    assert found("alone")["latents"][0] == pytest.approx(found("all")["latents"][2], abs=1e-3)


def test_pictures_of_any_kind_are_fitted_and_those_that_cannot_be_read_are_named(from_noise, photos, capfd):
    (photos / "bad.png").write_text("no picture")
    assert invert(from_noise, photos, "out", "steps=1", "starts=1") == 0
    assert found("out")["names"].tolist() == ["a.png", "c.webp", "deep/b.JPG", "deep/er/tiny.bmp"]
    assert "left out: bad.png: not an image" in capfd.readouterr().out
    assert invert(from_noise, photos / "bad.png", "other") == 2
    assert "input must be a picture that can be read" in capfd.readouterr().err


@pytest.mark.slow
def test_classes_are_given_in_turn_or_each_is_tried(by_class, own):
    assert invert(by_class, own, "given", "steps=1", "starts=2", "labels=[2,1]") == 0
    assert found("given")["labels"].tolist() == [2, 1, 2]
    assert invert(by_class, own, "tried", "steps=1", "starts=1") == 0
    tried = found("tried")
    run = load(by_class, device="cpu")
    again = run.images(torch.from_numpy(tried["latents"]), torch.from_numpy(tried["labels"]), noise=[0, 0, 0])
    assert again.shape == (3, 3, 16, 16)


def test_wrong_input_gets_one_sentence_and_leaves_no_folder(from_noise, by_class, pix2pix, points, capfd):
    some_picture(1).save("some.png")
    for run, words, said in (
        (pix2pix, [], "gan-lightning translate run=RUN"),
        (from_noise, ["labels=3"], "labels are for models by class"),
        (by_class, ["labels=3"], "labels must be classes from 0 to 2; got 3"),
        (points, [], "run must be of a model that makes gray or colour pictures; this one's images have 2 channels"),
    ):
        assert invert(run, "some.png", "out", *words) == 2, said
        assert said in capfd.readouterr().err
    assert invert(from_noise, "nowhere", "out") == 2
    assert "input must name a picture, or a folder with pictures; there is no nowhere" in capfd.readouterr().err
    assert not Path("out").exists()
    assert not Path("outputs").exists()
