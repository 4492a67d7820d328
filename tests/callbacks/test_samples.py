"""Grids: their colours, captions and headings, and the grid of real images."""

from types import SimpleNamespace

import numpy as np
import pytest
from hydra.utils import instantiate
from lightning.pytorch.loggers import TensorBoardLogger
from PIL import Image

from gan_lightning.callbacks.plots import draw_beside
from support.cells import cells
from support.playing import SMALL, batches, play


@pytest.mark.parametrize("value", cells([-0.5, 0.0, 0.5], quick=[0.5]))
def test_colours_are_those_of_the_range_of_images_and_not_of_each_grid(value, composed, tmp_path):
    config = composed("model=dcgan", *SMALL, "data.channels=1", run_dir=tmp_path)
    model, samples = instantiate(config.model), instantiate(config.callbacks.samples)
    # Flat images, which would all be black if a grid's own darkest and brightest pixel made its range.
    model.generator.forward = lambda latents: value + 0 * model.generator.net(latents)
    play(model, max_steps=1, callbacks=[samples])
    shown = np.asarray(Image.open(tmp_path / "samples" / "0000000.png"), float)
    assert shown.max() == pytest.approx((value + 1) * 127.5, abs=1)
    assert (shown == shown.max()).mean() > 0.9, "all but the lines between the images"


def shown(folder, name):
    return np.asarray(Image.open(folder / "samples" / name).convert("RGB")).astype(int)


class Board(TensorBoardLogger):
    """Keeps the images that would be written, by tag."""

    def __init__(self, folder):
        super().__init__(folder)
        self.images = {}

    @property
    def experiment(self):
        return SimpleNamespace(add_image=lambda tag, image, *_, **__: self.images.setdefault(tag, []).append(image))

    def log_hyperparams(self, *_, **__): ...

    def log_metrics(self, *_, **__): ...

    def save(self): ...


def test_a_caption_is_below_each_grid_in_the_file_alone(composed, tmp_path):
    config = composed("model=dcgan", *SMALL, "data.channels=1", "callbacks.samples.caption=true", run_dir=tmp_path)
    model, samples = instantiate(config.model), instantiate(config.callbacks.samples)
    board = Board(tmp_path)
    play(model, max_steps=1, callbacks=[samples], logger=board)
    plain = board.images["samples"][-1]
    file = tmp_path / "samples" / "0000001.png"
    assert (shown(tmp_path, file.name)[: len(plain)] == plain).all()
    assert shown(tmp_path, file.name)[len(plain) :].min() < 128
    losses = {name: f"{float(model.scalars.last_step[f'{name}/loss']):.3f}" for name in model.players}
    expected = f"epoch 1, iteration 1, D loss {losses['discriminator']}, G loss {losses['generator']}"
    assert Image.open(file).info["Title"] == expected
    assert Image.open(tmp_path / "samples" / "0000000.png").info["Title"] == "epoch 0, iteration 0"
    assert "Title" not in Image.open(tmp_path / "samples" / "real.png").info


def test_the_grid_of_real_images_has_as_many_as_the_others_from_as_many_batches_as_it_takes(composed, tmp_path):
    config = composed("model=dcgan", *SMALL, "data.channels=1", "callbacks.samples.num_images=10", run_dir=tmp_path)
    loader = batches(rows=4)
    play(instantiate(config.model), loader, [instantiate(config.callbacks.samples)], max_steps=4)
    assert shown(tmp_path, "real.png").shape == shown(tmp_path, "0000004.png").shape
    # The ninth image is the first of the third batch; every tile is 64 pixels in a frame of 2, eight in a row.
    expected = ((list(loader)[2].images[0, 0].numpy() + 1) * 127.5).repeat(4, 0).repeat(4, 1)
    assert shown(tmp_path, "real.png")[68:132, 2:66, 0] == pytest.approx(expected, abs=0.51)


def test_a_run_that_ends_before_there_are_enough_real_images_shows_those_it_had(composed, tmp_path):
    config = composed("model=dcgan", *SMALL, "data.channels=1", run_dir=tmp_path)
    play(instantiate(config.model), batches(rows=4), [instantiate(config.callbacks.samples)], max_steps=2)
    assert shown(tmp_path, "real.png").shape == (68, 8 * 66 + 2, 3)


TRANSLATORS = {"pix2pix": ("paired", 3, 2), "cyclegan": ("unpaired", 6, 2)}


@pytest.mark.parametrize("model", TRANSLATORS)
def test_grids_of_translators_have_headings_and_real_pairs_are_side_by_side(model, composed, roots, tmp_path):
    data, columns, real_columns = TRANSLATORS[model]
    config = composed(
        f"model={model}", f"data={data}", *roots[data], "data.image_size=32", "data.batch_size=2", "data.num_workers=0",
        "model.generator.width=2", "model.discriminator.width=2", "trainer.accelerator=cpu", "trainer.max_steps=2",
        "callbacks=[samples,plots]", "callbacks.samples.num_images=12", "callbacks.samples.nrow=12", "logger=none",
        run_dir=tmp_path,
    )  # fmt: skip
    instantiate(config.trainer).fit(instantiate(config.model), instantiate(config.data))
    for name, width in (("0000002.png", columns), ("real.png", real_columns)):
        grid = shown(tmp_path, name)
        rows = (len(grid) - 2) // 66
        heading = grid[: len(grid) - 66 * rows - 2]
        assert len(heading) > 8, name
        for part in np.array_split(heading, grid.shape[1] // 66, axis=1):
            assert part.min() < 128, f"{name}: each column has a heading"
        assert grid.shape[1] // 66 % width == 0
    both = np.asarray(Image.open(tmp_path / "plots" / "real_and_fake.png"))
    left, right = np.array_split(both, 2, axis=1)
    assert left.shape == right.shape


@pytest.mark.parametrize("content", [b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", b"torn"])
def test_a_picture_that_is_none_is_not_opened_by_another_program_for_a_plot(content, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "fake.png")
    (tmp_path / "real.png").write_bytes(content)
    with pytest.raises(ValueError, match="not an image in JPEG, PNG"):
        draw_beside(tmp_path / "real.png", tmp_path / "fake.png", tmp_path / "both.png")
    assert not (tmp_path / "both.png").exists()
