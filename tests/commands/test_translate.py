"""`gan-lightning translate`: any folder through a trained network, whole files or none, and how it complains."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from PIL import Image

from gan_lightning.config import schema
from gan_lightning.config.runs import checkpoint_of, restored
from gan_lightning.data import translation_files
from gan_lightning.models.pix2pix import Pix2Pix
from support.command import front_door
from support.small_files import picture

SHORT = [
    "trainer=cpu", "trainer.max_steps=2", "data.image_size=32", "data.batch_size=2", "callbacks=checkpoint",
    "logger=none", "model.generator.width=2", "model.discriminator.width=2",
]  # fmt: skip


@pytest.fixture(scope="module")
def train(tmp_path_factory):
    """Trains for two iterations; returns the run folder."""

    def train(*overrides):
        folder = tmp_path_factory.mktemp("runs") / "run"
        cache = tmp_path_factory.getbasetemp() / "cache"
        words = [*SHORT, f"data.cache_dir={cache}", *overrides, f"hydra.run.dir={folder}"]
        assert front_door(*words) == 0
        return folder

    return train


@pytest.fixture(scope="module")
def pix2pix(train, pairs):
    return train("model=pix2pix", "data=paired", f"data.root={pairs}")


@pytest.fixture(scope="module")
def cyclegan(train, two_domains):
    words = ["model=cyclegan", "data=unpaired", f"data.root={two_domains}", "model.generator.blocks=1"]
    return train(*words, "ema=half_life", "model.ema.ramp_up=null")


@pytest.fixture(scope="module")
def from_noise(train):
    return train("data=digits", "model=gan", "network=mlp", "data.image_size=8")


def translate(run, source, output, *more):
    return front_door("translate", f"run={run}", f"input={source}", f"output={output}", "accelerator=cpu", *more)


def levels(file):
    return np.asarray(Image.open(file).convert("RGB")).astype(int)


def names(folder):
    return sorted(file.relative_to(folder).as_posix() for file in Path(folder).rglob("*") if file.is_file())


@pytest.fixture
def photos(tmp_path):
    """A nested folder of pictures of several sizes and formats, and a text."""
    root = tmp_path / "photos"
    (root / "deep" / "er").mkdir(parents=True)
    picture(1, 33, 47).save(root / "a.png")
    picture(2, 64, 30).save(root / "deep" / "b.JPG")
    picture(3, 5, 2).save(root / "deep" / "er" / "tiny.bmp")
    picture(4, 40, 40).save(root / "c.webp")
    (root / "notes.txt").write_text("no image")
    return root


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
    expected = (model.translate(pixels, ["a.png"])[0] + 1) * 127.5
    assert levels("out/a.png").transpose(2, 0, 1) == pytest.approx(expected.numpy(), abs=0.51)


@pytest.mark.parametrize(("side", "rounded"), [(2, 16), (16, 16), (17, 16), (19, 20), (33, 32), (300, 300)])
def test_sides_are_rounded_to_the_multiple_but_never_below_what_leaves_something(side, rounded, tmp_path):
    picture(0, side, 32).save(tmp_path / "a.png")
    (job,) = translation_files.read_jobs([tmp_path / "a.png"], ["a.png"], 3, 4, {})
    assert job.size == (side, 32)
    assert job.values.shape == (3, 32, rounded)
    assert -1 <= job.values.min() <= job.values.max() <= 1


@pytest.mark.parametrize("network", ["cyclegan", "cyclegan_strided", "unet"])
def test_the_smallest_pictures_suit_every_network_with_every_norm(network, composed, tmp_path):
    picture(0, 2, 2).save(tmp_path / "a.png")
    config = composed("model=cyclegan", f"network={network}", "norm=instance", "data.image_size=32", *SHORT[-2:])
    generator = instantiate(config.model.generator)().eval()
    (job,) = translation_files.read_jobs([tmp_path / "a.png"], ["a.png"], 3, generator.multiple, {})
    assert generator(job.values[None]).shape == job.values[None].shape


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


def test_batches_hold_one_size_lose_nothing_and_keep_few_waiting():
    sizes = [16, 32, 16, 16, 48, 64, 80, 32, 96, 16]
    taken = []

    def queue():
        for number, size in enumerate(sizes):
            taken.append(number)
            yield translation_files.Job(str(number), (size, 16), torch.zeros(1, 16, size))

    seen, batches = set(), []
    for batch in translation_files.batches(queue(), 2):
        assert len({job.values.shape for job in batch}) == 1
        seen |= {int(job.name) for job in batch}
        assert len(set(taken) - seen) <= translation_files.WAITING * 2
        batches.append(len(batch))
    assert seen == set(range(len(sizes)))
    assert max(batches) == 2
    assert sum(batches) == len(sizes)


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


@pytest.mark.slow
def test_of_a_thousand_images_three_broken_ones_are_named_and_the_rest_written(pix2pix, tmp_path, capfd):
    root = tmp_path / "thousand"
    root.mkdir()
    for number in range(997):
        Image.new("RGB", (16 + number % 3, 16), (number % 256, 99, 0)).save(root / f"{number:04d}.png")
    whole = (root / "0000.png").read_bytes()
    for name, content in {"half.png": whole[:40], "empty.jpg": b"", "text.webp": b"not an image"}.items():
        (root / name).write_bytes(content)
    assert translate(pix2pix, root, "out", "batch_size=32") == 0
    out = capfd.readouterr().out
    assert "997 images written to out, 3 left out" in out
    assert sorted(line.split("left out: ")[1].split(":")[0] for line in out.splitlines() if "left out: " in line) == [
        "empty.jpg", "half.png", "text.webp",
    ]  # fmt: skip
    assert names("out") == [f"{number:04d}.png" for number in range(997)]


def test_a_decoder_that_fails_in_its_own_way_stops_nothing(pix2pix, photos, monkeypatch, capfd):
    def fail(file):
        if file.name == "c.webp":
            raise KeyError("a decoder's slip")
        return read(file)

    read = translation_files.read
    monkeypatch.setattr(translation_files, "read", fail)
    assert translate(pix2pix, photos, "out") == 0
    assert "left out: c.webp: " in capfd.readouterr().out
    assert len(names("out")) == 3


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


def test_pictures_are_turned_upright_and_transparency_is_white(tmp_path):
    lying = Image.new("RGB", (40, 24), "black")
    exif = lying.getexif()
    exif[0x0112] = 6
    lying.save(tmp_path / "a.jpg", exif=exif)
    Image.new("RGBA", (24, 24), (0, 0, 0, 0)).save(tmp_path / "b.png")
    first, second = translation_files.read_jobs([tmp_path / "a.jpg", tmp_path / "b.png"], ["a.jpg", "b.png"], 3, 8, {})
    assert first.size == (24, 40)
    assert first.values.shape == (3, 40, 24)
    assert float(first.values.mean()) == pytest.approx(-1)
    assert float(second.values.mean()) == pytest.approx(1)


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


def test_files_are_replaced_only_where_that_is_asked_for(pix2pix, photos, capfd):
    Path("out/deep").mkdir(parents=True)
    Path("out/deep/b.JPG").write_text("mine")
    assert translate(pix2pix, photos, "out") == 2
    err = capfd.readouterr().err
    assert "1 of the 4 files exist in out already, the first is deep/b.JPG; overwrite=true replaces them" in err
    assert names("out") == ["deep/b.JPG"]
    assert Path("out/deep/b.JPG").read_text() == "mine"
    assert translate(pix2pix, photos, "out", "overwrite=true") == 0
    assert Image.open("out/deep/b.JPG").size == (64, 30)
    assert translate(pix2pix, photos, "out") == 2


def test_ctrl_c_leaves_whole_files_and_no_others(pix2pix, photos, monkeypatch, capfd):
    def stopped(self, file, *rest, **more):
        if "deep" in str(file):
            Path(file).write_bytes(b"half an image")
            raise KeyboardInterrupt
        save(self, file, *rest, **more)

    save = Image.Image.save
    monkeypatch.setattr(Image.Image, "save", stopped)
    assert translate(pix2pix, photos, "out") == 130
    assert names("out") == ["a.png", "c.webp"]
    assert "stopped: 2 of 4 images are written to out" in capfd.readouterr().out


@pytest.mark.slow
def test_the_real_command_stopped_by_a_real_signal_leaves_whole_files(pix2pix, tmp_path):
    (tmp_path / "in").mkdir()
    for number in range(500):
        picture(number % 7, 128, 128).save(tmp_path / "in" / f"{number}.png")
    words = [f"run={pix2pix}", f"input={tmp_path / 'in'}", "output=out", "accelerator=cpu"]
    running = subprocess.Popen(
        [sys.executable, "-m", "gan_lightning", "translate", *words], stdout=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # in the background of a shell it is ignored
    )  # fmt: skip
    while not list(Path().glob("out/*.png")):
        assert running.poll() is None
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    shown = running.communicate(timeout=60)[0]
    assert running.returncode == 130
    told = int(re.search(r"stopped: (\d+) of 500 images are written to out", shown)[1])
    assert told == pytest.approx(len(names("out")), abs=1), "the signal may fall between writing and counting"
    assert {Image.open(Path("out", name)).convert("RGB").size for name in names("out")} == {(128, 128)}


def test_a_file_that_cannot_be_written_leaves_the_old_one_as_it_was(tmp_path, monkeypatch):
    def full(self, file, *rest, **more):
        Path(file).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    (tmp_path / "a.png").write_text("old")
    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(OSError, match="No space"):
        translation_files.write(torch.zeros(3, 4, 4), (4, 4), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_text() == "old"
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["a.png"]


@pytest.mark.parametrize("suffix", sorted(translation_files.LOSSY | {".PNG", ".bmp", ".tif", ".tiff", ".gif"}))
@pytest.mark.parametrize("channels", [1, 3])
def test_a_written_image_is_read_as_what_it_was(suffix, channels, tmp_path):
    image = torch.linspace(-1, 1, 32).expand(channels, 24, 32)
    translation_files.write(image, (32, 24), tmp_path / f"a{suffix}")
    translation_files.write(image, (16, 12), tmp_path / "sub" / f"a{suffix}")
    expected = ((image + 1) * 127.5).permute(1, 2, 0).expand(24, 32, 3)
    assert levels(tmp_path / f"a{suffix}") == pytest.approx(expected.numpy(), abs=6)
    assert Image.open(tmp_path / "sub" / f"a{suffix}").size == (16, 12)


WRONG = {
    "a run that is not there": (["run=nowhere"], "run must be a checkpoint or a run folder with checkpoints/last.ckpt"),
    "a run folder without a checkpoint": (["run=."], "there is no checkpoints/last.ckpt"),
    "a run from noise": (["run={from_noise}"], "run must be of a model that translates, pix2pix or cyclegan; got a GAN"),
    "no folder": (["input=nowhere"], "input must name a folder with images to translate; there is no folder nowhere"),
    "a file for a folder": (["input=file.png"], "there is no folder file.png"),
    "an empty folder": (["input=empty"], "input must name a folder with images to translate; empty holds no files"),
    "only broken images": (["input=broken"], "none of the 2 in broken can be read"),
    "a way that it does not go": (["direction=yx"], "direction must be xy for"),
    "a way that is none": (["direction=ab"], "direction must be one of xy, yx; got 'ab'"),
    "the same folder": (["output={photos}"], "output must lie outside of input"),
    "the same folder in other words": (["output={photos}/deep/.."], "output must lie outside of input"),
    "a folder inside": (["output={photos}/out"], "output must lie outside of input"),
    "a file for an output": (["output=file.png"], "output: file.png must be a folder or not exist; file.png is a file"),
    "an output below a file": (["output=file.png/out"], "file.png is a file"),
    "an output where nothing can be made": (["output=/proc/none"], "/proc/none"),
    "an empty batch": (["batch_size=0"], "batch_size must be a whole number of at least 1; got 0"),
    "a word for a batch": (["batch_size=many"], "batch_size must be a whole number of at least 1; got 'many'"),
    "several for one": (["batch_size=[1,2]"], "batch_size must be a whole number of at least 1; got [1, 2]"),
    "several folders": (["input=[a,b]"], "input must be a word; got ['a', 'b']"),
    "a precision that is none": (["precision=8"], "precision must be one of 32-true, bf16-mixed, 16-mixed; got 8"),
    "a device that is none": (["accelerator=abacus"], "accelerator must be auto or one that this machine has; got abacus"),
    "a yes that is none": (["overwrite=perhaps"], "overwrite must be true or false; got 'perhaps'"),
    "a misspelt key": (["batchsize=2"], "did you mean batch_size"),
    "a group of training": (["model=cyclegan"], "model"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_bad_input_gets_one_sentence_and_nothing_is_written(case, pix2pix, photos, request, capfd):
    Path("empty").mkdir()
    Path("broken").mkdir()
    Path("broken/a.png").write_bytes(b"")
    Path("broken/b.jpg").write_text("no image")
    Path("file.png").write_bytes((photos / "a.png").read_bytes())
    words, said = WRONG[case]
    noise = request.getfixturevalue("from_noise") if "noise" in case else None
    given = dict(run=pix2pix, input=photos, output="out", accelerator="cpu")
    given |= dict(word.format(photos=photos, from_noise=noise).split("=", 1) for word in words)
    before = names(photos)
    capfd.readouterr()
    assert front_door("translate", *(f"{key}={value}" for key, value in given.items())) == 2
    err = capfd.readouterr().err
    assert said in err
    assert len([line for line in err.splitlines() if line.startswith("error: ")]) == 1
    assert "Traceback" not in err
    assert not Path("out").exists()
    assert names(photos) == before


@pytest.mark.parametrize("key", ["run", "input", "output"])
def test_what_must_be_given_is_named(key, capfd):
    given = {"run": "run", "input": "in", "output": "out"}
    assert front_door("translate", *(f"{name}={given[name]}" for name in given if name != key)) == 2
    assert f"error: {key} must be given" in capfd.readouterr().err


def test_the_images_themselves_are_never_replaced_through_a_link_or_a_folder_above(pix2pix, tmp_path, capfd):
    inner = tmp_path / "all" / "raw"
    (inner / "raw").mkdir(parents=True)
    picture(1, 32, 32).save(inner / "b.png")
    picture(2, 32, 32).save(inner / "raw" / "b.png")
    before = (inner / "b.png").read_bytes()
    assert translate(pix2pix, inner, tmp_path / "all", "overwrite=true") == 2
    assert "output must not replace images of input" in capfd.readouterr().err
    assert (inner / "b.png").read_bytes() == before
    (tmp_path / "link").symlink_to(inner)
    assert translate(pix2pix, inner, tmp_path / "link", "overwrite=true") == 2
    assert "output must lie outside of input" in capfd.readouterr().err


def test_a_folder_where_a_file_should_be_stands_in_the_way(pix2pix, photos, capfd):
    Path("out/a.png").mkdir(parents=True)
    assert translate(pix2pix, photos, "out", "overwrite=true") == 2
    assert "output: out/a.png must be a file or not exist; it is a folder" in capfd.readouterr().err
    assert names("out") == []


def test_a_diverged_network_is_named_instead_of_writing_black_images(pix2pix, photos, tmp_path, capfd):
    state = torch.load(pix2pix / "checkpoints" / "last.ckpt", weights_only=True)
    for name, weight in state["state_dict"].items():
        if name.startswith("generator"):
            weight.fill_(torch.nan)
    torch.save(state, tmp_path / "nan.ckpt")
    assert translate(tmp_path / "nan.ckpt", photos, "out") == 2
    assert "run must be of a model whose outputs are numbers, which those for a.png are not" in capfd.readouterr().err
    assert not Path("out").exists()


def test_too_little_memory_is_one_sentence(pix2pix, photos, monkeypatch, capfd):
    def too_much(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Pix2Pix, "translate", too_much)
    assert translate(pix2pix, photos, "out") == 2
    assert "batch_size must fit into memory, which 1 images of 32x32 do not" in capfd.readouterr().err


# Runs, restored.


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
        "must hold a model of this program; it holds a ReLU",
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


# A command's arguments.


def verb(count: int, name: str = "a", ratio: float = 1.0) -> None:
    """Takes a few arguments."""


def test_a_commands_arguments_are_the_keys_that_its_signature_names():
    config = OmegaConf.create({"count": 2, "name": "b", "other": {"key": 1}})
    assert schema.arguments(verb, config) == {"count": 2, "name": "b"}


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"name": "b"}, "count must be given"),
        ({"count": "???"}, "count must be given"),
        ({"count": 1.5}, "count must be a whole number; got 1.5"),
        ({"count": 1, "name": 3}, "name must be a word; got 3"),
        ({"count": [1]}, r"count must be a whole number; got \[1\]"),
        ({"count": 1, "ratio": {"a": 1}}, "ratio must be a number; got {'a': 1}"),
    ],
)
def test_an_argument_that_does_not_fit_is_named(keys, said, monkeypatch):
    monkeypatch.setattr(verb, "__module__", "gan_lightning.commands.verb")
    with pytest.raises(ValueError, match=said):
        schema.arguments(verb, OmegaConf.create(keys))
