"""`gan-lightning translate`: any folder through a trained network."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hydra.utils import instantiate
from PIL import Image

from gan_lightning.config.runs import checkpoint_of, restored
from gan_lightning.data import any_size
from gan_lightning.randomness import derive
from support.small_files import picture
from support.translating import SHORT, levels, names, translate


def test_every_image_of_a_nested_folder_keeps_its_name_its_folder_and_its_size(pix2pix, photos, capfd):
    before = {name: (photos / name).read_bytes() for name in names(photos)}
    assert translate(pix2pix, photos, "out") == 0
    assert names("out") == ["a.png", "c.webp", "deep/b.JPG", "deep/er/tiny.bmp"]
    for name in names("out"):
        assert Image.open(Path("out", name)).size == Image.open(photos / name).size
        assert Image.open(Path("out", name)).format == Image.open(photos / name).format
    assert {name: (photos / name).read_bytes() for name in names(photos)} == before
    assert "4 images written to out, 0 left out" in capfd.readouterr().out


def test_a_file_holds_the_models_translation_in_the_middle_of_each_level(pix2pix, tmp_path):
    (tmp_path / "in").mkdir()
    picture(5, 32, 64).save(tmp_path / "in" / "a.png")
    assert translate(pix2pix, tmp_path / "in", "out") == 0
    pixels = torch.from_numpy(levels(tmp_path / "in" / "a.png")).permute(2, 0, 1).float()[None] / 127.5 - 1
    model = restored(checkpoint_of(str(pix2pix), "run"), "run").model
    noise = [derive(model.seed, "dropout", "a.png")]
    expected = (model.images(pixels, noise=noise, direction="xy")[0] + 1) * 127.5
    assert levels("out/a.png").transpose(2, 0, 1) == pytest.approx(expected.numpy(), abs=0.51)


@pytest.mark.parametrize("network", ["cyclegan", "cyclegan_strided", "unet"])
def test_the_smallest_pictures_suit_every_network_with_every_norm(network, composed, tmp_path):
    picture(0, 2, 2).save(tmp_path / "a.png")
    config = composed("model=cyclegan", f"network={network}", "norm=instance", "data.image_size=32", *SHORT[-2:])
    generator = instantiate(config.model.generator)().eval()
    image = any_size.read_sized(tmp_path / "a.png", "a.png", 3, generator.multiple)
    pixels = torch.from_numpy(image.levels).permute(2, 0, 1)[None] / 127.5 - 1
    assert generator(pixels).shape == pixels.shape


def test_an_images_translation_depends_on_its_name_and_not_on_batches_or_company(pix2pix, tmp_path):
    for folder in ("many/sub", "alone"):
        (tmp_path / folder).mkdir(parents=True)
    same = picture(7, 32, 32)
    for name in ("many/a.png", "many/b.png", "many/sub/a.png", "alone/b.png"):
        same.save(tmp_path / name)
    picture(8, 64, 32).save(tmp_path / "many" / "ab.png")
    assert translate(pix2pix, tmp_path / "many", "one") == 0
    assert translate(pix2pix, tmp_path / "many", "three", "batch_size=3") == 0
    assert translate(pix2pix, tmp_path / "alone", "alone") == 0
    assert names("one") == names("three") == ["a.png", "ab.png", "b.png", "sub/a.png"]
    for name in names("one"):
        assert levels(f"one/{name}") == pytest.approx(levels(f"three/{name}"), abs=1)
    assert levels("one/b.png") == pytest.approx(levels("alone/b.png"), abs=1)
    for one, other in (("a.png", "b.png"), ("a.png", "sub/a.png"), ("b.png", "sub/a.png")):
        assert np.abs(levels(f"one/{one}") - levels(f"one/{other}")).max() > 1, "dropout is their noise"


def test_reduced_precision_changes_little(pix2pix, photos):
    assert translate(pix2pix, photos, "full") == 0
    assert translate(pix2pix, photos, "half", "precision=bf16-mixed", "batch_size=2") == 0
    apart = np.abs(levels("full/a.png") - levels("half/a.png"))
    assert 0 < apart.mean() < 4


def test_cyclegan_goes_both_ways_by_its_moving_average(cyclegan, tmp_path):
    (tmp_path / "in").mkdir()
    picture(9, 32, 32).save(tmp_path / "in" / "a.png")
    state = torch.load(cyclegan / "checkpoints" / "last.ckpt", weights_only=True)
    for way, level in (("xy", 1.0), ("yx", -1.0)):  # the last layer of each average is nothing but a shift
        for name in ("weight", "bias"):
            key = max(k for k in state["state_dict"] if k.startswith(f"ema.module.{way}.net.1") and k.endswith(name))
            state["state_dict"][key].fill_(0 if name == "weight" else 9 * level)
    torch.save(state, tmp_path / "edited.ckpt")
    assert translate(tmp_path / "edited.ckpt", tmp_path / "in", "there") == 0
    assert translate(tmp_path / "edited.ckpt", tmp_path / "in", "back", "direction=yx") == 0
    assert levels("there/a.png").min() == 255
    assert levels("back/a.png").max() == 0


def test_every_kind_of_picture_becomes_a_file_of_its_kind(pix2pix, tmp_path):
    root = tmp_path / "kinds"
    root.mkdir()
    for number, mode in enumerate(("1", "L", "LA", "P", "RGBA", "I;16")):
        deep = Image.fromarray(np.arange(1600, dtype=np.uint16).reshape(40, 40) * 40)
        (deep if mode == "I;16" else picture(number, 40, 40, mode)).save(root / f"{number}.png")
    picture(1, 40, 40, "P").save(root / "palette.gif")
    picture(1, 40, 40, "CMYK").save(root / "ink.jpg")
    picture(1, 40, 40, "CMYK").save(root / "ink.tif")
    picture(2, 40, 40).save(root / "liar.jpg", "PNG")
    assert translate(pix2pix, root, "out") == 0
    assert names("out") == names(root)
    assert {Image.open(Path("out", name)).size for name in names("out")} == {(40, 40)}
    assert Image.open("out/liar.jpg").format == "JPEG"
    assert Image.open("out/palette.gif").format == "GIF"


def test_a_network_for_gray_images_reads_and_writes_gray(train, pairs, photos):
    run = train("model=pix2pix", "data=paired", f"data.root={pairs}", "data.channels=1")
    assert translate(run, photos, "out") == 0
    assert Image.open("out/a.png").mode == "L"
    assert len(names("out")) == 4


def test_names_and_folders_may_hold_any_characters(pix2pix, tmp_path):
    root = tmp_path / "图片 a=b, it's"
    root.mkdir()
    name = "é" * 100 + ".png"
    picture(0, 32, 32).save(root / name)
    assert translate(pix2pix, root, tmp_path / "out put") == 0
    assert len(names(tmp_path / "out put")) == 1
