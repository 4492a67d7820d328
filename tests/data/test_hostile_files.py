"""Files whose makers mean harm: nothing in them is run, and their names write nothing to log or terminal."""

import io
import json
import logging
import os
import pickle

import numpy as np
import pytest
from PIL import EpsImagePlugin

from gan_lightning.config import logs
from gan_lightning.data.any_size import read_sized
from gan_lightning.data.cifar10 import CIFAR10
from gan_lightning.data.folder import Folder, LabelledFolder
from gan_lightning.data.hugging_face import HuggingFace
from gan_lightning.data.images import read_image
from gan_lightning.data.mnist import MNIST
from gan_lightning.data.paired import Paired
from gan_lightning.evaluation.folders import _common_size
from gan_lightning.printable import printable
from support.small_files import picture, write_idx

EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 24 24\n%%EndComments\n%%EOF\n"
ODD = {b"a\xff\x1b[31m.png": r"a\xff\x1b[31m.png", b"b\n[00:00] done.png": r"b\n[00:00] done.png"}


@pytest.fixture
def ghostscript(tmp_path, monkeypatch):
    """A stand-in `gs`, which leaves a file where it is started; the file."""
    trace = tmp_path / "started"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "gs").write_text(f"#!/bin/sh\ntouch {trace}\nexit 1\n")
    (tmp_path / "bin" / "gs").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)
    return trace


def good_and(root, name, content):
    root.mkdir()
    for number in range(2):
        picture(number, 24, 24).save(root / f"{number}.png")
    (root / os.fsdecode(name)).write_bytes(content)
    return root


def module(kind, root, tmp_path, **more):
    settings = {"image_size": 16, "channels": 3, "batch_size": 2, "max_bad": 1.0, "cache_dir": str(tmp_path / "c")}
    return kind(root=str(root), **(settings | more))


def test_a_picture_that_is_eps_by_its_content_starts_no_ghostscript_and_is_one_bad_file(ghostscript, tmp_path):
    root = good_and(tmp_path / "images", b"page.png", EPS)
    (found,) = module(Folder, root, tmp_path).fitted_images("train")
    assert len(found) == 2
    assert found.survey.bad == {"page.png": "not an image in JPEG, PNG, WebP, BMP, TIFF or GIF"}
    with pytest.raises(ValueError, match="not an image"):
        read_sized(root / "page.png", "page.png", 3, 4)
    assert _common_size(sorted(root.iterdir())) == 24, "by the pictures alone"
    with pytest.raises(ValueError, match="not an image"):
        read_image(io.BytesIO(EPS))
    assert not ghostscript.exists()


def test_a_hub_data_set_with_eps_starts_no_ghostscript_either(ghostscript, tmp_path):
    datasets = pytest.importorskip("datasets")
    (tmp_path / "local").mkdir()
    cells = [{"bytes": EPS, "path": None}]
    for number in range(2):
        stream = io.BytesIO()
        picture(number).save(stream, "PNG")
        cells.append({"bytes": stream.getvalue(), "path": None})
    columns = datasets.Features({"image": datasets.Image(decode=False), "label": datasets.Value("int64")})
    rows = datasets.Dataset.from_dict({"image": cells, "label": [0, 1, 2]}, features=columns)
    rows.to_parquet(str(tmp_path / "local" / "train.parquet"))
    given = module(HuggingFace, tmp_path / "local", tmp_path, name="parquet", label="label", num_classes=3)
    (found,) = given.fitted_images("train")
    assert found.survey.bad == {"number 0": "not an image in JPEG, PNG, WebP, BMP, TIFF or GIF"}
    assert found.labels.tolist() == [1, 2]
    assert not ghostscript.exists()


@pytest.mark.parametrize("name", ["pandas", "pickle", "csv", "webdataset", "./local", "own/local", "mnist", "../x/y"])
def test_no_loader_but_those_of_pictures_and_no_local_folder_is_named_as_a_hub_data_set(name, tmp_path):
    (tmp_path / "cwd" / "own" / "local").mkdir(parents=True)
    with pytest.raises(ValueError, match=r"data.name must be a data set of the Hub .* imagefolder, parquet with data"):
        module(HuggingFace, tmp_path, tmp_path, name=name).images("train")


@pytest.mark.parametrize("cache", ["auto", "off"])
@pytest.mark.parametrize("name", ODD)
def test_an_odd_name_is_trained_on_where_the_picture_is_good_and_named_escaped_where_it_is_not(
    name, cache, tmp_path, caplog
):
    caplog.set_level(logging.INFO)
    root = good_and(tmp_path / "images", name, b"no image")
    os.rename(root / "1.png", os.fsencode(root) + b"/good" + name)  # noqa: PTH104
    given = module(Folder, root, tmp_path, cache=cache)
    given.setup("fit")
    (found,) = given.train
    assert len(found) == 2
    assert list(found.survey.bad) == [ODD[name]]
    assert f"left out {ODD[name]}: not an image" in caplog.text
    assert "\x1b" not in caplog.text
    json.dumps(found.survey.bad, ensure_ascii=False).encode()


def test_odd_names_of_classes_pairs_and_suffixes_are_escaped(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    for name in (b"cats", b"d\xff\x1b[1m"):
        (tmp_path / "labelled" / os.fsdecode(name)).mkdir(parents=True)
        picture(1).save(tmp_path / "labelled" / os.fsdecode(name) / "0.png")
    (tmp_path / "labelled" / "x.\x1b[2J").write_text("")
    labelled = module(LabelledFolder, tmp_path / "labelled", tmp_path, num_classes=2)
    assert labelled.class_counts(labelled.fitted_images("train")[0]) == {"cats": 1, r"d\xff\x1b[1m": 1}
    assert r"left out 1 .\x1b[2j file" in caplog.text
    for side in "AB":
        (tmp_path / "pairs" / side).mkdir(parents=True)
    picture(1).save(tmp_path / "pairs" / "A" / "x\x1b[1m.png")
    picture(1).save(tmp_path / "pairs" / "B" / "y.png")
    with pytest.raises(ValueError, match=r"the first is A/x\\x1b\[1m.png;"):
        module(Paired, tmp_path / "pairs", tmp_path).domains("train")


def test_every_message_of_the_log_is_escaped_whatever_it_is_about(monkeypatch):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    logs.tidy()
    logging.getLogger("any").warning("of %s and\n%s", "\x1b[2J\r", os.fsdecode(b"\xfe"))
    assert stream.getvalue() == "of \\x1b[2J\\r and\n\\xfe\n"


def test_what_can_be_printed_stays_as_it_is():
    assert printable("动漫 é's (1) \\x.png") == "动漫 é's (1) \\x.png"
    assert printable("a\u202egnp.exe") == "a\\u202egnp.exe"


def test_a_decoder_that_fails_in_its_own_way_loses_one_file_and_not_the_run(tmp_path, monkeypatch):
    from gan_lightning.data import decode

    def fail(image, shape):
        if image.size == (9, 9):
            raise KeyError("a decoder's slip")
        return fitted(image, shape)

    fitted = decode.fitted
    root = good_and(tmp_path / "images", b"odd.png", b"")
    picture(3, 9, 9).save(root / "odd.png")
    monkeypatch.setattr(decode, "fitted", fail)
    (found,) = module(Folder, root, tmp_path).fitted_images("train")
    assert list(found.survey.bad) == ["odd.png"]


class Call:
    """An object whose pickle calls a function."""

    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call[0], self.call[1:]


def batches(root, content):
    for name in [f"data_batch_{number}" for number in range(1, 6)]:
        (root / name).write_bytes(content)
    return CIFAR10(image_size=32, channels=3, batch_size=4, root=str(root), num_classes=10)


reconstruct = np.empty(0).__reduce__()[0]
PIXELS = np.zeros((2, 3072), np.uint8)
WRONG = {
    "no labels": ({b"data": PIXELS}, "it has no 'labels'"),
    "no data": ({b"labels": [1, 2]}, "it has no 'data'"),
    "other pixels": ({b"data": PIXELS[:, :99], b"labels": [1, 2]}, "3,072 bytes for each label"),
    "fewer labels": ({b"data": PIXELS, b"labels": [1]}, "3,072 bytes for each label"),
    "floats": ({b"data": PIXELS.astype(float), b"labels": [1, 2]}, "3,072 bytes for each label"),
    "words for labels": ({b"data": PIXELS, b"labels": ["a", "b"]}, "whole numbers"),
    "a list": ([1, 2], "no batch of CIFAR-10"),
    "odd arguments": ({b"data": Call(reconstruct, np.ndarray, "x", 3)}, "no batch of CIFAR-10"),
    "a huge array": ({b"data": Call(reconstruct, np.ndarray, (2**60,), b"d")}, "no batch of CIFAR-10"),
    "a function": ({b"data": Call(np.load, "x")}, "it names numpy"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_batch_of_cifar10_is_one_sentence(case, tmp_path):
    content, said = WRONG[case]
    with pytest.raises(ValueError, match="data_batch_1 is no batch of CIFAR-10.*put the official folder") as error:
        batches(tmp_path, pickle.dumps(content, protocol=2)).images("train")
    assert said in str(error.value)


def test_code_in_a_batch_of_cifar10_is_not_run(tmp_path):
    trace = tmp_path / "ran"
    for call in (
        Call(os.system, f"touch {trace}"),
        Call(open, str(trace), "w"),
        Call(eval, f"open({str(trace)!r}, 'w')"),
    ):
        with pytest.raises(ValueError, match="no batch of CIFAR-10: it names"):
            batches(tmp_path, pickle.dumps({b"data": call})).images("train")
    assert not trace.exists()


def test_a_label_below_zero_is_refused(tmp_path):
    with pytest.raises(ValueError, match="labels must be 0 or more; the smallest of these is -1"):
        batches(tmp_path, pickle.dumps({b"data": PIXELS, b"labels": [1, -1]})).domains("train")


@pytest.mark.parametrize(
    ("pixels", "labels"), [((3, 28, 28), (2,)), ((3, 28), (3,)), ((3,), (3,)), ((3, 28, 28), (3, 1))]
)
def test_idx_files_whose_sizes_do_not_fit_are_one_sentence(pixels, labels, tmp_path):
    write_idx(tmp_path / "train-images-idx3-ubyte.gz", np.zeros(pixels))
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.zeros(labels))
    with pytest.raises(ValueError, match=r"must hold N images and N labels; they hold 3.*put the four official files"):
        MNIST(image_size=28, channels=1, batch_size=4, root=str(tmp_path)).images("train")


IDX = bytes([0, 0, 8, 3]) + b"".join(number.to_bytes(4, "big") for number in (2, 28, 28))


@pytest.mark.parametrize(
    "content", [IDX + bytes(99), IDX[:7], b"", b"\0\0\x0d\x03" + IDX[4:] + bytes(2 * 784), b"<html>"]
)
def test_an_idx_file_that_is_cut_or_of_another_type_is_named(content, tmp_path):
    (tmp_path / "train-images-idx3-ubyte").write_bytes(content)
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.zeros(2))
    with pytest.raises(ValueError, match="train-images-idx3-ubyte cannot be read as an IDX file"):
        MNIST(image_size=28, channels=1, batch_size=4, root=str(tmp_path)).images("train")
