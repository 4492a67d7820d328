"""Each file in examples/ as a student runs it."""

import ast
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from support.cells import cells
from support.example_files import EXAMPLES, load

NUMBER = r"\d+\.\d{4}"
COMMANDS = {  # the data, what is printed, and the pictures with their sizes
    "jittor_lsgan": ("small_mnist", rf"epoch 0 batch 0/10: loss_d {NUMBER} loss_g {NUMBER}", {"mnist.png": (572, 572)}),
    "pytorch_dcgan": (
        "faces", rf"\[0/1\]\[0/6\] Loss_D {NUMBER} Loss_G {NUMBER} D\(x\) {NUMBER} D\(G\(z\)\) {NUMBER} / {NUMBER}",
        {"000000.png": (530, 530), "last.png": (530, 530), "real.png": (266, 68), "losses.png": (1000, 500)},
    ),
    "paddle_dcgan": (
        "small_mnist", rf"Epoch ID=0 Batch ID=0\nD-Loss={NUMBER} G-Loss={NUMBER}", {"0000_0000.png": (1500, 250)}
    ),
    "mlp_gan": (
        "small_mnist", rf"epoch 1/1: loss_d {NUMBER} loss_g {NUMBER}", {"001.png": (122, 122), "losses.png": (640, 480)}
    ),
    "dcgan_faces32": ("faces", rf"epoch 1/1 batch 0: loss_d {NUMBER} loss_g {NUMBER}", {"001.png": (138, 138)}),
    "cyclegan": ("two_domains", rf"epoch 1/1 batch 0: loss_d {NUMBER} loss_g {NUMBER}", {"001.png": (392, 262)}),
    "anime_dcgan": (
        "faces", rf"epoch: 1, loss_d: {NUMBER}, loss_g: nan", {"epoch-1.png": (800, 800), "epoch-1-loss.png": (800, 800)}
    ),
}  # fmt: skip
TINY = ["--epochs", "1", "--steps", "2", "--width", "2", "--batch-size", "4"]


def assert_pictures(folder, sizes):
    for name, size in sizes.items():
        with Image.open(folder / name) as image:
            assert image.size == size, name
            assert np.ptp(np.asarray(image.convert("L"))) > 20, f"something is to be seen in {name}"


def test_every_example_is_run_and_explained():
    assert {file.stem for file in EXAMPLES.glob("*.py")} == set(COMMANDS)
    page = (EXAMPLES / "README.md").read_text()
    assert all(f"({name}.py)" in page for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_an_example_says_how_it_goes_and_writes_its_pictures(name, request, tmp_path, capsys):
    data, printed, sizes = COMMANDS[name]
    load(name).main(["--data", str(request.getfixturevalue(data)), "--out", str(tmp_path / "out"), *TINY])
    assert re.fullmatch(printed, capsys.readouterr().out.strip())
    assert_pictures(tmp_path / "out", sizes)


@pytest.mark.parametrize("name", cells(COMMANDS, quick=["mlp_gan"]))
def test_an_example_runs_as_a_command_and_writes_its_pictures(name, request, tmp_path):
    data, printed, sizes = COMMANDS[name]
    words = ["--data", request.getfixturevalue(data), "--out", tmp_path / "out", *TINY]
    shown = subprocess.run(
        [sys.executable, EXAMPLES / f"{name}.py", *words], capture_output=True, text=True, check=False
    )
    assert shown.returncode == 0, shown.stderr
    assert re.fullmatch(printed, shown.stdout.strip())
    assert_pictures(tmp_path / "out", sizes)


@pytest.mark.parametrize(
    ("name", "data", "words", "sizes"),
    [
        ("jittor_lsgan", "faces", ["--dataset", "faces"], {"faces.png": (572, 572)}),
        ("paddle_dcgan", "small_mnist", ["--loss", "lsgan"], {"0000_0000.png": (1500, 250)}),
    ],
)
def test_the_second_half_of_an_example_runs_too(name, data, words, sizes, request, tmp_path):
    load(name).main(["--data", str(request.getfixturevalue(data)), "--out", str(tmp_path / "out"), *TINY, *words])
    assert_pictures(tmp_path / "out", sizes)
    if data == "faces":
        assert np.ptp(np.asarray(Image.open(tmp_path / "out" / "faces.png")).astype(int), axis=2).max() > 0, "not gray"


def test_the_same_seed_gives_the_same_pictures(small_mnist, tmp_path):
    main = load("mlp_gan").main
    pictures = []
    for number, seed in enumerate("112"):
        main(["--data", str(small_mnist), "--out", str(tmp_path / str(number)), *TINY, "--seed", seed])
        pictures.append((tmp_path / str(number) / "001.png").read_bytes())
    assert pictures[0] == pictures[1] != pictures[2]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_folder_without_pictures_is_refused_by_its_key(name, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        load(name).main(["--data", str(tmp_path), "--out", str(tmp_path / "out")])
    assert stop.value.code == 2
    assert "error: --data" in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_an_example_is_one_readable_file_of_plain_torch(name):
    source = (EXAMPLES / f"{name}.py").read_text()
    assert 60 <= len(source.splitlines()) <= 120
    imported = {
        getattr(node, "module", None) or node.names[0].name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    libraries = {module.partition(".")[0] for module in imported} - sys.stdlib_module_names
    assert libraries <= {"torch", "torchvision", "numpy", "PIL", "matplotlib"}
