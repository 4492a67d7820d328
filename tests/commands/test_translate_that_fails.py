"""`gan-lightning translate` with wrong keys, broken files or an end before its time: one sentence, and whole files."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from PIL import Image

from gan_lightning import files
from gan_lightning.data import any_size
from gan_lightning.models.pix2pix import Pix2Pix
from gan_lightning.signals import Stopped
from support.command import front_door
from support.small_files import picture
from support.translating import names, translate

WRONG = {
    "a run that is not there": (["run=nowhere"], "run must be a checkpoint or a run folder with checkpoints"),
    "a run folder without a checkpoint": (["run=."], "run must be a checkpoint or a run folder with checkpoints; . has none"),
    "a run from noise": (["run={from_noise}"], "GAN draws from noise, for which there is gan-lightning sample run=RUN"),
    "no folder": (["input=nowhere"], "input must name a folder with images; there is no folder nowhere"),
    "a file for a folder": (["input=file.png"], "input must name a folder with images; file.png is a file"),
    "an empty folder": (["input=empty"], "input must name a folder with images, in it or in any sub-folder; empty holds no files"),
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
    "several folders": (["input=[a,b]"], "input must be the path of a folder; got ['a', 'b']"),
    "a precision that is none": (["precision=8"], "precision must be one of 32-true, bf16-mixed, 16-mixed; got 8"),
    "a device that is none": (["device=abacus"], "device=abacus asks for a device that torch does not find"),
    "both ways with files": (["overwrite=true", "skip_existing=true"], "overwrite and skip_existing must not both be true; choose one"),
    "a key of an earlier version": (["existing=skip"], "it is called skip_existing=true or overwrite=true now"),
    "a misspelt key": (["batchsize=2"], "type batch_size=2"),
    "a group of training": (["model=cyclegan"], "model"),
}  # fmt: skip


HOLD = "import fcntl, os, sys; fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read()"


@pytest.mark.parametrize("case", WRONG)
def test_bad_input_gets_one_sentence_and_nothing_is_written(case, pix2pix, photos, request, capfd):
    Path("empty").mkdir()
    Path("broken").mkdir()
    Path("broken/a.png").write_bytes(b"")
    Path("broken/b.jpg").write_text("no image")
    Path("file.png").write_bytes((photos / "a.png").read_bytes())
    words, said = WRONG[case]
    noise = request.getfixturevalue("from_noise") if "noise" in case else None
    given = dict(run=pix2pix, input=photos, output="out", device="cpu")
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


def test_files_are_replaced_only_where_that_is_asked_for(pix2pix, photos, capfd):
    Path("out/deep").mkdir(parents=True)
    Path("out/deep/b.JPG").write_text("mine")
    assert translate(pix2pix, photos, "out") == 2
    err = capfd.readouterr().err
    assert (
        "1 of the 4 files exist in out already, the first is deep/b.JPG; skip_existing=true makes the others, and overwrite=true all"
        in err
    )
    assert names("out") == ["deep/b.JPG"]
    assert Path("out/deep/b.JPG").read_text() == "mine"
    assert translate(pix2pix, photos, "out", "overwrite=true") == 0
    assert Image.open("out/deep/b.JPG").size == (64, 30)
    assert translate(pix2pix, photos, "out") == 2


def test_after_a_stop_the_others_are_made_and_no_file_is_touched_that_was_there(pix2pix, photos, capfd):
    assert translate(pix2pix, photos, "whole") == 0
    assert translate(pix2pix, photos, "out") == 0
    for name in ("a.png", "deep/er/tiny.bmp"):
        Path("out", name).unlink()
    Path("out/c.webp").write_text("mine")
    kept = {name: Path("out", name).stat().st_mtime_ns for name in names("out")}
    for folder in ("out", "out/deep/er"):
        Path(folder, ".0123456789abcdef.tmp").write_bytes(b"what a killed process had begun")
    capfd.readouterr()
    assert translate(pix2pix, photos, "out", "skip_existing=true") == 0
    shown = capfd.readouterr().out
    assert "2 files are in out already and stay as they are" in shown
    assert "2 images written to out, 0 left out" in shown
    assert names("out") == names("whole")
    assert {name: Path("out", name).stat().st_mtime_ns for name in kept} == kept
    for name in ("a.png", "deep/b.JPG", "deep/er/tiny.bmp"):
        assert Path("out", name).read_bytes() == Path("whole", name).read_bytes()
    assert translate(pix2pix, photos, "out", "skip_existing=true") == 0
    assert "0 images written to out, 0 left out" in capfd.readouterr().out


@pytest.mark.slow
def test_a_command_that_is_killed_and_repeated_ends_with_the_files_of_one_that_was_not(pix2pix, tmp_path):
    (tmp_path / "in").mkdir()
    for number in range(300):
        picture(number % 7, 64, 64).save(tmp_path / "in" / f"{number:03d}.png")
    words = [f"run={pix2pix}", f"input={tmp_path / 'in'}", "output=out", "device=cpu"]
    running = subprocess.Popen([sys.executable, "-m", "gan_lightning", "translate", *words])
    while len(list(Path().glob("out/*.png"))) < 5:
        assert running.poll() is None
        time.sleep(0.01)
    running.kill()
    running.wait()
    assert 5 <= len(list(Path().glob("out/*.png"))) < 300
    assert translate(pix2pix, tmp_path / "in", "out", "skip_existing=true") == 0
    assert translate(pix2pix, tmp_path / "in", "whole") == 0
    assert sorted(os.listdir("out")) == sorted(os.listdir("whole"))
    assert all(Path("out", name).read_bytes() == Path("whole", name).read_bytes() for name in names("whole"))


def test_a_folder_is_written_by_one_process_at_a_time(pix2pix, photos, monkeypatch, capfd):
    monkeypatch.setattr(files, "PATIENCE", 0.1)
    Path("out").mkdir()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, "out"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    try:
        assert translate(pix2pix, photos, "out") == 2
    finally:
        holder.communicate("")
    assert f"output: {Path('out').resolve()} is being written by another run" in capfd.readouterr().err
    assert names("out") == []


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
    assert (
        "run must be of a model with finite outputs; the output for a.png has NaN or infinity" in capfd.readouterr().err
    )
    assert not Path("out").exists()


def test_too_little_memory_is_one_sentence(pix2pix, photos, monkeypatch, capfd):
    def too_much(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Pix2Pix, "images", too_much)
    assert translate(pix2pix, photos, "out") == 2
    assert "batch_size must fit into memory, which 1 images of 32x32 do not" in capfd.readouterr().err


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

    read = any_size.read_image
    monkeypatch.setattr(any_size, "read_image", fail)
    assert translate(pix2pix, photos, "out") == 0
    assert "left out: c.webp: " in capfd.readouterr().out
    assert len(names("out")) == 3


def test_ctrl_c_leaves_whole_files_and_no_others(pix2pix, photos, monkeypatch, capfd):
    def stopped(self, file, *rest, **more):
        if "deep" in str(file):
            file.write(b"half an image")
            raise Stopped(signal.SIGINT)
        save(self, file, *rest, **more)

    save = Image.Image.save
    monkeypatch.setattr(Image.Image, "save", stopped)
    assert translate(pix2pix, photos, "out") == 130
    assert names("out") == ["a.png", "c.webp"]
    shown = capfd.readouterr().out
    assert "stopped: 2 of 4 images are written to out; skip_existing=true continues with the others" in shown


@pytest.mark.slow
def test_the_real_command_stopped_by_a_real_signal_leaves_whole_files(pix2pix, tmp_path):
    (tmp_path / "in").mkdir()
    for number in range(500):
        picture(number % 7, 128, 128).save(tmp_path / "in" / f"{number}.png")
    words = [f"run={pix2pix}", f"input={tmp_path / 'in'}", "output=out", "device=cpu"]
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


@pytest.mark.slow
def test_a_link_to_itself_and_bytes_that_are_no_utf8_stop_nothing_and_names_keep_their_bytes(pix2pix, tmp_path, capfd):
    root = tmp_path / "in"
    root.mkdir()
    good, bad = os.fsdecode(b"g\xff.png"), os.fsdecode(b"z\xfe\x1b[2J.png")
    for name in ("a.png", good, "z.png"):
        picture(1, 32, 32).save(root / name)
    (root / bad).write_text("no image")
    (root / "loop.png").symlink_to("loop.png")
    assert translate(pix2pix, root, "out") == 0
    shown = capfd.readouterr().out
    assert "left out: loop.png: link that leads to itself" in shown
    assert r"left out: z\xfe\x1b[2J.png: not an image" in shown
    assert "3 images written to out, 2 left out" in shown
    assert sorted(os.listdir(b"out")) == [b"a.png", b"g\xff.png", b"z.png"]
    assert translate(pix2pix, root, "out") == 2, "nothing is replaced that was not asked for"
    Path("out", "loop.png").symlink_to("loop.png")
    assert translate(pix2pix, root, "out", "overwrite=true") == 0
    Path("end").symlink_to("end")
    assert translate(pix2pix, root, "end") == 2
