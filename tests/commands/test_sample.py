"""`gan-lightning sample` and `gan_lightning.load`: images of a trained run."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import gan_lightning
from gan_lightning.commands.sample import write_npz
from gan_lightning.reports.pictures import levels
from support.command import front_door
from support.translating import names


@pytest.fixture(scope="session")
def by_class(train):
    return train("data=digits", "model=cgan", "data.image_size=16")


def pixels(file):
    return np.asarray(Image.open(file)).astype(int)


def test_images_are_numbered_and_the_same_whatever_the_batch_and_the_number(from_noise, tmp_path):
    assert (
        front_door("sample", f"run={from_noise}", "num_images=7", f"output={tmp_path / 'seven'}", "batch_size=3") == 0
    )
    assert front_door("sample", f"run={from_noise}", "num_images=3", f"output={tmp_path / 'three'}") == 0
    assert names(tmp_path / "three") == ["000000.png", "000001.png", "000002.png", "grid.png"]
    assert len(names(tmp_path / "seven")) == 8
    for number in range(3):
        file = f"{number:06d}.png"
        assert np.abs(pixels(tmp_path / "seven" / file) - pixels(tmp_path / "three" / file)).max() <= 1
    assert np.abs(pixels(tmp_path / "three/000000.png") - pixels(tmp_path / "three/000001.png")).max() > 1


@pytest.mark.parametrize("format", ["png", "npz"])
def test_the_same_command_writes_the_same_bytes(format, from_noise, tmp_path):
    hashes = []
    for folder in ("one", "two"):
        words = [f"run={from_noise}", "num_images=5", f"format={format}", f"output={tmp_path / folder}"]
        assert front_door("sample", *words) == 0
        found = sorted((tmp_path / folder).iterdir())
        hashes.append([(file.name, hashlib.sha256(file.read_bytes()).hexdigest()) for file in found])
    assert hashes[0] == hashes[1]
    assert len(hashes[0]) == {"png": 6, "npz": 2}[format]


@pytest.mark.slow
def test_an_archive_holds_the_pixels_of_the_files_and_the_classes(by_class, tmp_path):
    for format in ("png", "npz"):
        words = [f"run={by_class}", "num_images=5", "labels=[3,7]", f"format={format}", f"output={tmp_path}"]
        assert front_door("sample", *words, "overwrite=true") == 0
    with np.load(tmp_path / "samples.npz") as archive:
        assert archive["arr_0"].shape == (5, 16, 16, 1)
        assert archive["arr_1"].tolist() == [3, 7, 3, 7, 3]
        for number, image in enumerate(archive["arr_0"]):
            assert (pixels(tmp_path / f"{number:06d}.png") == image[..., 0]).all()


def test_the_classes_in_an_archive_come_in_turn_as_those_of_its_images_do(tmp_path):
    batches = [np.full((2, 4, 4, 1), level, np.uint8) for level in (0, 1)]
    write_npz(iter([*batches, batches[0][:1]]), 5, [3, 7], tmp_path / "samples.npz")
    with np.load(tmp_path / "samples.npz") as archive:
        assert archive["arr_0"][:, 0, 0, 0].tolist() == [0, 0, 1, 1, 0]
        assert archive["arr_1"].tolist() == [3, 7, 3, 7, 3]


def test_a_class_changes_the_image_and_all_classes_come_in_turn(by_class):
    run = gan_lightning.load(by_class)
    assert run.num_classes == 10
    every, threes = run.sample(12), run.sample(12, labels=3)
    assert torch.allclose(every[3], threes[3], atol=1e-6)
    assert (every[4] - threes[4]).abs().max() > 1e-4
    assert torch.allclose(run.sample(12, labels=list(range(10))), every, atol=1e-6)


def test_classes_may_be_a_list_an_array_or_a_tensor(by_class):
    run = gan_lightning.load(by_class)
    wanted = run.sample(3, labels=[3, 7])
    for labels in (np.array([3, 7]), np.array([3, 7], np.uint8), torch.tensor([3, 7])):
        assert torch.equal(run.sample(3, labels=labels), wanted)
    assert torch.equal(run.sample(3, labels=torch.tensor(3)), run.sample(3, labels=3))
    for labels in (np.array([3, 10]), torch.tensor([0.5]), np.array([[1]]), [], np.array(["cat"])):
        with pytest.raises(ValueError, match="labels must be classes from 0 to 9; got"):
            run.sample(3, labels=labels)


def test_no_images_are_an_empty_batch(by_class, cyclegan):
    run = gan_lightning.load(by_class)
    assert run.sample(0).shape == (0, 1, 16, 16)
    with pytest.raises(ValueError, match="num_images must be at least 0; got -1"):
        run.sample(-1)
    assert gan_lightning.load(cyclegan).translate(torch.zeros(0, 3, 32, 32)).shape == (0, 3, 32, 32)


def test_a_configuration_that_is_not_there_is_named(from_noise):
    with pytest.raises(ValueError, match="config_dir must be a folder with YAML files; there is no folder nowhere"):
        gan_lightning.load(from_noise, config_dir="nowhere")


def test_truncated_latents_stay_within_the_limit_and_the_others_are_as_without_one(from_noise):
    inputs = gan_lightning.load(from_noise).latent_inputs
    (free,), (within,) = (inputs(limit).by_number(range(300), 0, None, "") for limit in (None, 0.5))
    assert free.abs().max() > 2
    assert within.abs().max() <= 0.5
    kept = free[:256].abs() <= 0.5
    assert torch.equal(within[:256][kept], free[:256][kept])
    assert within.std() == pytest.approx(0.2793, abs=0.01), "the deviation of a normal number cut at 0.5"


def test_python_gives_the_images_of_the_command(from_noise, tmp_path):
    assert front_door("sample", f"run={from_noise}", "num_images=4", f"output={tmp_path}", "seed=3") == 0
    run = gan_lightning.load(from_noise)
    images = run.sample(4, seed=3)
    assert images.shape == (4, 1, 8, 8)
    assert images.abs().max() <= 1
    for number, image in enumerate(levels(images)):
        assert np.abs(pixels(tmp_path / f"{number:06d}.png") - image[..., 0]).max() <= 1
    assert not run.generator.training
    assert run.iteration == 2
    assert run.config.data.image_size == 8
    assert len(run.data().train[0]) > 1000
    assert run.folder == from_noise


def test_a_translators_run_translates_images_in_python(cyclegan, pix2pix):
    run = gan_lightning.load(cyclegan)
    images = 2 * torch.rand(3, 3, 32, 32) - 1
    xy, yx = run.translate(images), run.translate(images, direction="yx")
    assert xy.shape == yx.shape == images.shape
    assert (xy - yx).abs().max() > 1e-4
    assert torch.allclose(run.translate(images[1:2]), xy[1:2], atol=1e-5)
    with pytest.raises(ValueError, match="direction must be xy for this run; got yx"):
        gan_lightning.load(pix2pix).translate(images, direction="yx")


def test_raw_weights_are_those_as_trained(cyclegan):
    ema, raw = (gan_lightning.load(cyclegan, weights=kind) for kind in ("ema", "raw"))
    assert (ema.weights, raw.weights) == ("ema", "raw")
    images = torch.zeros(1, 3, 32, 32)
    ema.model.ema.module.requires_grad_(False)
    for weight in ema.model.ema.module.parameters():
        weight.mul_(0.5)
    assert (ema.translate(images) - raw.translate(images)).abs().max() > 1e-4


def test_a_checkpoint_is_chosen_by_name(from_noise):
    last = gan_lightning.load(from_noise)
    named = gan_lightning.load(from_noise, checkpoint=last.file.name)
    assert torch.equal(last.sample(2), named.sample(2))
    with pytest.raises(ValueError, match=r"checkpoint=best needs a best.ckpt, which .* has not; type checkpoint=last"):
        gan_lightning.load(from_noise, checkpoint="best")
    with pytest.raises(ValueError, match="checkpoint chooses from a run folder"):
        gan_lightning.load(last.file, checkpoint="best")


def test_loading_imports_no_torch_before_it_is_asked_to():
    code = "import sys, gan_lightning; gan_lightning.load; print('torch' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("model", "words", "said"),
    [
        (
            "pix2pix",
            [],
            "run must be of a model that draws from noise; Pix2Pix translates images, for which there is",
        ),
        ("from_noise", ["labels=1"], "labels are for models by class"),
        ("by_class", ["labels=[0,10]"], "labels must be classes from 0 to 9; got [0, 10]"),
        ("by_class", ["labels=two"], "labels must be a whole number of at least 0, or a list of them; got 'two'"),
        ("from_noise", ["truncation=0"], "truncation must be at least 0.01; got 0"),
        (
            "from_noise",
            ["device=abacus"],
            "device=abacus asks for a device that torch does not find on this machine; type device=auto",
        ),
        ("from_noise", ["checkpoint=best"], "checkpoint=best needs a best.ckpt, which"),
        ("from_noise", ["num_images=0"], "num_images must be a whole number of at least 1; got 0"),
        (
            "from_noise",
            ["run=nowhere"],
            "and nowhere; leave one out",
        ),
    ],
)
def test_what_cannot_be_sampled_is_one_sentence_and_leaves_no_folder(model, words, said, request, capfd):
    run = request.getfixturevalue(model)
    capfd.readouterr()
    assert front_door("sample", f"run={run}", *words) == 2
    shown = capfd.readouterr().err
    assert said in shown
    assert shown.count("\n") == 1
    assert list(Path().iterdir()) == []


def test_truncation_of_uniform_noise_is_refused(train, capfd):
    uniform = train("data=digits", "model=gan", "network=mlp", "data.image_size=8", "latent=uniform")
    assert front_door("sample", f"run={uniform}", "truncation=0.5") == 2
    assert "truncation is for normal latents, latent=normal" in capfd.readouterr().err


def test_files_that_exist_stay_as_they_are(from_noise, tmp_path, capfd):
    (tmp_path / "000001.png").write_bytes(b"mine")
    words = [f"run={from_noise}", "num_images=2", f"output={tmp_path}"]
    assert front_door("sample", *words) == 2
    assert "1 of the 3 files to write exist already, the first is" in capfd.readouterr().err
    assert names(tmp_path) == ["000001.png"]
    assert (tmp_path / "000001.png").read_bytes() == b"mine"
    (tmp_path / ".0123456789abcdef.tmp").write_bytes(b"half of a picture of a killed process")
    assert front_door("sample", *words, "overwrite=true") == 0
    assert not (tmp_path / ".0123456789abcdef.tmp").exists()
    assert pixels(tmp_path / "000001.png").shape == (8, 8)


def test_a_run_whose_data_are_gone_is_still_sampled(train, pairs, tmp_path):
    import shutil

    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(4):
        Image.new("RGB", (16, 16), (60 * number, 0, 0)).save(folder / f"{number}.png")
    run = train("data=folder", f"data.root={folder}", "model=gan", "network=mlp", "data.image_size=8")
    shutil.rmtree(folder)
    moved = Path(shutil.move(run, tmp_path / "elsewhere"))
    assert front_door("sample", f"run={moved}", "num_images=2", f"output={tmp_path / 'out'}") == 0
    assert len(names(tmp_path / "out")) == 3


def test_a_class_that_a_run_was_trained_with_must_be_typed_again(train, tmp_path, capfd):
    word = "model.generator._target_=gan_lightning.networks.mlp.MLPGenerator"
    run = train("data=digits", "model=gan", "network=mlp", "data.image_size=8", word)
    words = [f"run={run}", "num_images=2", f"output={tmp_path / 'out'}"]
    assert front_door("sample", *words) == 2
    assert "give it again on the command line" in capfd.readouterr().err
    assert front_door("sample", *words, word) == 0
    assert len(gan_lightning.load(run, overrides=[word]).sample(2)) == 2
