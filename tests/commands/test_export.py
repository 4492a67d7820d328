"""`gan-lightning export`: the generator for programs that have torch or an ONNX runtime and nothing else."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import gan_lightning
from support.command import front_door
from support.translating import names

ALONE = """
import sys, torch
program = torch.export.load(sys.argv[1]).module()
inputs = torch.load(sys.argv[2])
made = []
for rows in (1, 7):
    torch.manual_seed(0)
    made.append(program(*(each[:rows] for each in inputs)))
torch.save(made, sys.argv[3])
print([name for name in ("lightning", "hydra", "omegaconf", "gan_lightning") if name in sys.modules])
"""


@pytest.fixture(scope="session")
def by_class(train):
    return train("data=digits", "model=acgan", "data.image_size=16")


@pytest.mark.parametrize(
    "model",
    ["by_class", *(pytest.param(each, marks=pytest.mark.slow) for each in ("from_noise", "pix2pix", "cyclegan"))],
)
def test_a_program_gives_the_modules_images_in_a_process_without_this_package(model, request, tmp_path, capfd):
    run = request.getfixturevalue(model)
    assert front_door("export", f"run={run}", f"output={tmp_path / 'out'}") == 0
    assert names(tmp_path / "out") == ["generator.json", "generator.pt2", "generator.safetensors", "sample.py"]
    assert "images within" in capfd.readouterr().out
    trained = gan_lightning.load(run, device="cpu")
    stream = torch.Generator().manual_seed(1)
    if trained.is_translator:
        inputs = (2 * torch.rand(7, 3, 32, 32, generator=stream) - 1,)
    else:
        labels = [6, 5, 4, 3, 2, 1, 0] if trained.num_classes else None
        inputs = trained.latent_inputs().by_number(range(20, 27), 5, None, "", labels)
    torch.save(inputs, tmp_path / "inputs.pt")
    files = [tmp_path / "out" / "generator.pt2", tmp_path / "inputs.pt", tmp_path / "made.pt"]
    shown = subprocess.run([sys.executable, "-I", "-c", ALONE, *files], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
    for rows, images in zip((1, 7), torch.load(tmp_path / "made.pt"), strict=True):
        torch.manual_seed(0)
        with torch.no_grad():
            wanted = trained.generator(*(each[:rows] for each in inputs))
        assert images.shape[0] == rows
        assert (images - wanted).abs().max() <= 1e-5


@pytest.mark.parametrize("model", ["by_class", pytest.param("cyclegan", marks=pytest.mark.slow)])
def test_an_onnx_file_gives_the_modules_images(model, request, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    run = request.getfixturevalue(model)
    assert front_door("export", f"run={run}", f"output={tmp_path}", "formats=[onnx]") == 0
    trained = gan_lightning.load(run, device="cpu")
    session = onnxruntime.InferenceSession(str(tmp_path / "generator.onnx"), providers=["CPUExecutionProvider"])
    if trained.is_translator:
        inputs = (2 * torch.rand(3, 3, 32, 32) - 1,)
    else:
        inputs = trained.latent_inputs().by_number(range(3), 5, None, "", [9, 8, 7])
    fed = dict(zip([each.name for each in session.get_inputs()], map(torch.Tensor.numpy, inputs), strict=True))
    assert list(fed) == list(trained.model.generator_inputs.kind)
    with torch.no_grad():
        wanted = trained.generator(*inputs).numpy()
    assert session.run(None, fed)[0] == pytest.approx(wanted, abs=1e-5)


def test_weights_and_card_say_what_the_generator_is(by_class, tmp_path):
    from safetensors.torch import load_file

    assert front_door("export", f"run={by_class}", f"output={tmp_path}", "formats=[safetensors]") == 0
    card = json.loads((tmp_path / "generator.json").read_text())
    assert card["inputs"] == ["latents", "labels"]
    assert card["input_shapes"] == [["B", 100], ["B"]]
    assert card["output_shape"] == ["B", 1, 16, 16]
    assert card["num_classes"] == 10
    assert card["latents"] == "normal"
    kept = load_file(tmp_path / "generator.safetensors")
    own = gan_lightning.load(by_class).generator.state_dict()
    assert kept.keys() == own.keys()
    assert all(torch.equal(kept[name], own[name]) for name in own)


@pytest.mark.slow
def test_the_program_beside_it_draws_with_torch_alone(by_class, pix2pix, tmp_path):
    out = tmp_path / "noise"
    assert front_door("export", f"run={by_class}", f"output={out}", "formats=[pt2]") == 0
    command = [sys.executable, "-I", out / "sample.py"]
    told = subprocess.run([*command, "11", "1"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert told.stdout == "wrote sample.ppm\n"
    picture = np.asarray(Image.open(tmp_path / "sample.ppm"))
    assert picture.shape == (2 * 16, 8 * 16, 3)
    places = [(16 * (number // 8), 16 * (number % 8)) for number in range(16)]
    tiles = [picture[y : y + 16, x : x + 16] for y, x in places]
    assert len({tile.tobytes() for tile in tiles[:11]}) == 11
    assert not np.any(tiles[11:])
    assert len((out / "sample.py").read_text().splitlines()) <= 20
    for words, said in ((["--help"], "python sample.py [count] [seed]"), (["3"], "sample.ppm exists already")):
        refused = subprocess.run([*command, *words], cwd=tmp_path, check=False, capture_output=True, text=True)
        assert (refused.returncode, said in refused.stderr) == (1, True)
    (tmp_path / "sample.ppm").unlink()

    out = tmp_path / "translator"
    assert front_door("export", f"run={pix2pix}", f"output={out}", "formats=[pt2]") == 0
    Image.new("RGB", (32, 32), (200, 30, 90)).save(tmp_path / "in.ppm")
    subprocess.run([sys.executable, "-I", out / "sample.py", "in.ppm"], cwd=tmp_path, check=True)
    assert Image.open(tmp_path / "sample.ppm").size == (32, 32)


def test_the_program_of_a_generator_of_points_writes_their_coordinates(points, tmp_path, monkeypatch):
    assert front_door("export", f"run={points}", f"output={tmp_path}", "formats=[pt2]") == 0
    monkeypatch.setattr(sys, "argv", ["sample.py", "5", "1"])
    runpy.run_path(str(tmp_path / "sample.py"))
    rows = np.loadtxt("sample.csv", delimiter=",")
    assert rows.shape == (5, 2)
    assert len(np.unique(rows)) == 10
    assert np.abs(rows).max() <= 1


@pytest.mark.slow
def test_each_direction_is_exported_by_name(cyclegan, tmp_path):
    images = []
    for direction in ("xy", "yx"):
        words = [f"run={cyclegan}", f"output={tmp_path / direction}", f"direction={direction}", "formats=[pt2]"]
        assert front_door("export", *words) == 0
        program = torch.export.load(tmp_path / direction / "generator.pt2").module()
        images.append(program(torch.ones(2, 3, 32, 32)))
        wanted = gan_lightning.load(cyclegan).translate(torch.ones(2, 3, 32, 32), direction)
        assert (images[-1] - wanted).abs().max() <= 1e-5
    assert (images[0] - images[1]).abs().max() > 1e-4


@pytest.mark.parametrize(
    ("model", "words", "said"),
    [
        ("pix2pix", ["formats=[onnx]"], "formats must leave onnx out for a network whose noise is dropout"),
        ("pix2pix", ["direction=yx"], "direction must be xy for this run; got yx"),
        ("from_noise", ["direction=xy"], "direction is for runs that translate images"),
        ("from_noise", ["formats=[pickle]"], "formats must be a list of safetensors, pt2, onnx; got ['pickle']"),
    ],
)
def test_what_cannot_be_exported_is_one_sentence_and_leaves_no_folder(model, words, said, request, capfd):
    run = request.getfixturevalue(model)
    capfd.readouterr()
    assert front_door("export", f"run={run}", *words) == 2
    assert said in capfd.readouterr().err
    assert list(Path().iterdir()) == []


def test_without_the_extra_a_sentence_says_what_to_install(from_noise, capfd, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert front_door("export", f"run={from_noise}", "formats=[onnx]") == 2
    assert "pip install 'gan-lightning-lab[onnx]'" in capfd.readouterr().err
    assert list(Path().iterdir()) == []
