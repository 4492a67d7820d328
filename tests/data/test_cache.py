"""The cache: built once, never half, rebuilt where the files change; and what it holds is right."""

import json
import multiprocessing
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan_lightning.data import cache_folder
from gan_lightning.data.cache import cached_images
from gan_lightning.data.folder import Folder
from gan_lightning.data.images import ImageFiles
from gan_lightning.data.listing import image_files
from gan_lightning.data.transforms import Shape, fitted
from gan_lightning.files import locked
from support.small_files import picture

SHAPE = Shape(16, 3)


@pytest.fixture
def images(tmp_path):
    root = tmp_path / "images"
    root.mkdir()
    for number in range(30):
        picture(number).save(root / f"{number:02d}.png")
    return root


def of(root):
    return ImageFiles(image_files(root), root)


def cached(root, folder, shape=SHAPE):
    return cached_images(of(root), shape, folder, "train")


def test_a_cache_holds_every_fitted_image_in_order(images, tmp_path):
    found, files = cached(images, tmp_path / "cache"), of(images)
    expected = np.stack([fitted(files[number][0], SHAPE) for number in range(30)])
    assert (found.pixels == expected).all()
    assert isinstance(found.pixels, np.memmap)
    assert found.survey.good == 30
    assert not found.survey.bad


def test_a_cache_is_decoded_once(images, tmp_path, monkeypatch):
    first = cached(images, tmp_path / "cache")
    monkeypatch.setattr(cache_folder, "decode", lambda *_: pytest.fail("decoded again"))
    second = cached(images, tmp_path / "cache")
    assert (first.pixels == second.pixels).all()
    assert first.fingerprint == second.fingerprint


@pytest.mark.parametrize("shape", [Shape(8, 3), Shape(16, 1), Shape(16, 3, "pad"), Shape(16, 3, "crop", 10)])
def test_another_shape_has_another_cache(shape, images, tmp_path):
    first, second = cached(images, tmp_path / "cache"), cached(images, tmp_path / "cache", shape)
    assert second.pixels.shape == (30, shape.channels, shape.image_size, shape.image_size)
    assert first.fingerprint != second.fingerprint
    assert (cached(images, tmp_path / "cache").pixels == first.pixels).all()


@pytest.mark.parametrize("change", ["add", "remove", "replace", "touch"])
def test_a_changed_folder_is_read_anew_and_an_unchanged_image_keeps_the_fingerprint(change, images, tmp_path):
    before = cached(images, tmp_path / "cache")
    if change == "add":
        picture(99).save(images / "more.png")
    elif change == "remove":
        (images / "07.png").unlink()
    elif change == "replace":
        picture(99).save(images / "07.png")
    else:
        os.utime(images / "08.png", ns=(1, 1))
    after = cached(images, tmp_path / "cache")
    assert len(after) == {"add": 31, "remove": 29, "replace": 30, "touch": 30}[change]
    assert (after.fingerprint == before.fingerprint) == (change == "touch")


def test_a_new_picture_of_the_same_size_is_known_by_its_time(tmp_path):
    (tmp_path / "images").mkdir()
    file = tmp_path / "images" / "0.bmp"
    seen = []
    for number in (1, 2):
        picture(number).save(file)
        os.utime(file, ns=(number, number))
        seen.append((file.stat().st_size, cached(file.parent, tmp_path / "cache").pixels.copy()))
    (size, first), (same_size, second) = seen
    assert size == same_size
    assert (first != second).any()
    assert (second[0] == fitted(picture(2), SHAPE)).all()


def test_the_fingerprint_is_the_same_wherever_the_folder_lies(images, tmp_path):
    shutil.copytree(images, tmp_path / "elsewhere")
    here, there = cached(images, tmp_path / "a"), cached(tmp_path / "elsewhere", tmp_path / "b")
    assert here.fingerprint == there.fingerprint


def test_two_folders_with_the_same_names_and_sizes_have_two_caches(tmp_path):
    for name, colour in (("a", "red"), ("b", "blue")):
        (tmp_path / name).mkdir()
        Image.new("RGB", (16, 16), colour).save(tmp_path / name / "0.bmp")
        os.utime(tmp_path / name / "0.bmp", ns=(1, 1))
    red, blue = (cached(tmp_path / name, tmp_path / "cache") for name in "ab")
    assert red.pixels[0, :, 0, 0].tolist() == [255, 0, 0]
    assert blue.pixels[0, :, 0, 0].tolist() == [0, 0, 255]


def test_other_labels_of_the_same_files_have_another_cache(images, tmp_path):
    def labelled(labels):
        files = ImageFiles(image_files(images), images, np.array(labels))
        return cached_images(files, SHAPE, tmp_path / "cache", "train").labels.tolist()

    assert labelled([0] * 30) == [0] * 30
    assert labelled([1] * 30) == [1] * 30


def test_memory_is_bounded_by_the_map_and_not_by_the_set(images, tmp_path):
    found = cached(images, tmp_path / "cache")
    assert not np.shares_memory(found.rows([3, 1]), found.pixels), "rows are copied out, a batch at a time"
    with pytest.raises(ValueError, match="read-only"):
        found.pixels[0] = 0


def test_the_index_says_what_is_in_it(images, tmp_path):
    cached(images, tmp_path / "cache")
    (index,) = (tmp_path / "cache").glob("*/index.json")
    content = json.loads(index.read_text())
    assert content["shape"] == [30, 3, 16, 16]
    assert content["survey"]["sizes"] == {"20x24": 30}


@pytest.mark.parametrize("when", ["reserving", "writing"])
def test_too_small_a_disk_is_one_sentence_and_no_half_file(when, images, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*{"reserving": (os, "posix_fallocate"), "writing": (cache_folder, "sync")}[when], full)
    with pytest.raises(
        ValueError,
        match=r"data.cache_dir needs 1 MiB for .* MiB left; set data.cache_dir to another disk or data.cache to off",
    ):
        cached(images, tmp_path / "cache")
    assert not [path for path in (tmp_path / "cache").iterdir() if path.is_dir()]


def test_a_file_system_that_cannot_reserve_space_is_written_all_the_same(images, tmp_path, monkeypatch):
    def cannot(*_):
        raise OSError(95, "Operation not supported")

    expected = cached(images, tmp_path / "other").pixels
    monkeypatch.setattr(os, "posix_fallocate", cannot)
    assert (cached(images, tmp_path / "cache").pixels == expected).all()


def test_a_folder_that_cannot_be_written_is_one_sentence(images):
    with pytest.raises(ValueError, match=r"data.cache_dir must be a folder that can be written; got /proc/none"):
        cached(images, Path("/proc/none"))


def flipped(content):
    return bytes([content[0] ^ 1]) + content[1:]


def without(*keys):
    def change(content):
        index = json.loads(content)
        for key in keys:
            del index[key]
        return json.dumps(index).encode()

    return change


DAMAGES = {
    "cut pixels": ("pixels", lambda content: content[:10]),
    "flipped pixel": ("pixels", flipped),
    "cut labels": ("labels", lambda content: content[:-3]),
    "fewer labels": ("labels", lambda content: content[:-8]),
    "another label": ("labels", flipped),
    "no labels": ("labels", None),
    "no pixels": ("pixels", None),
    "cut index": ("index.json", lambda content: content[:10]),
    "empty index": ("index.json", lambda _: b""),
    "index that is a list": ("index.json", lambda _: b"[1]"),
    "index that is empty": ("index.json", lambda _: b"{}"),
    "index that is no text": ("index.json", lambda _: b"\xff\xfe"),
    "index without survey": ("index.json", without("survey")),
    "index of an earlier version": ("index.json", without("checksum", "written")),
    "index of another shape": ("index.json", lambda content: content.replace(b"16", b"17")),
    "index of another fingerprint": ("index.json", lambda content: content.replace(b'"fingerprint": "', b'"fingerprint": "0')),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_or_changed_cache_is_built_anew_with_a_line(damage, images, tmp_path, caplog):
    def labelled():
        labels = np.arange(30)
        return cached_images(ImageFiles(image_files(images), images, labels), SHAPE, tmp_path / "cache", "train")

    first = labelled()
    pixels, labels, fingerprint = first.pixels.copy(), first.labels.copy(), first.fingerprint
    name, change = DAMAGES[damage]
    (file,) = (tmp_path / "cache").glob(f"*/{name}")
    before = file.stat()
    if change is None:
        file.unlink()
    else:
        file.write_bytes(change(file.read_bytes()))
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))  # who changes a file may set its time
    for _ in range(2):
        again = labelled()
        assert (again.pixels == pixels).all()
        assert (again.labels == labels).all()
        assert (again.fingerprint, again.survey) == (fingerprint, first.survey)
    assert caplog.text.count(" is built again: ") == 1


def test_a_cache_that_was_copied_is_hashed_once_and_not_decoded(images, tmp_path, monkeypatch):
    first = cached(images, tmp_path / "cache")
    shutil.copytree(tmp_path / "cache", tmp_path / "copy")
    monkeypatch.setattr(cache_folder, "decode", lambda *_: pytest.fail("decoded again"))
    assert (cached(images, tmp_path / "copy").pixels == first.pixels).all()
    monkeypatch.setattr(cache_folder, "_hashed", lambda *_: pytest.fail("hashed again"))
    assert cached(images, tmp_path / "copy").fingerprint == first.fingerprint


def test_what_a_killed_build_left_is_removed_when_another_cache_is_opened_and_a_live_one_stays(images, tmp_path):
    folder = tmp_path / "cache"
    (folder / "dead.making").mkdir(parents=True)
    (folder / "dead.making" / "pixels").write_bytes(b"reserved")
    (folder / "live.making").mkdir()
    with locked(folder / "live", "data.cache_dir"):
        cached(images, folder)
        assert [path.name for path in folder.glob("*.making")] == ["live.making"]
    cached(images, folder)
    assert not list(folder.glob("*.making"))


def build_slowly(images, folder, pause, said):
    """Build a cache that waits after its first part; say when that is there, and what was built."""
    decode = cache_folder.decode

    def slowly(images, shape, name, keep):
        def keep_slowly(pixels):
            said.put("part")
            time.sleep(pause)
            keep(pixels)

        return decode(images, shape, name, keep_slowly)

    cache_folder.decode = slowly
    module = Folder(root=str(images), image_size=16, channels=3, batch_size=4, cache_dir=str(folder))
    module.setup("fit")
    said.put(module.train[0].fingerprint)


def build(images, folder, pause):
    """Start a process that builds; a fork, which has all modules already."""
    context = multiprocessing.get_context("fork")
    said = context.SimpleQueue()
    process = context.Process(target=build_slowly, args=(images, folder, pause, said))
    process.start()
    return process, said


def test_a_build_that_is_killed_leaves_nothing_that_looks_whole(images, tmp_path):
    folder = tmp_path / "cache"
    running, said = build(images, folder, 60)
    assert said.get() == "part"
    running.kill()
    running.join()
    assert [path.suffix for path in folder.iterdir() if path.is_dir()] == [".making"]
    found = cached(images, folder)
    assert (found.pixels == cached(images, tmp_path / "other").pixels).all()
    assert [path.suffix for path in folder.iterdir() if path.is_dir()] == [""]


def test_of_two_builders_one_decodes_and_the_other_waits(images, tmp_path):
    running = [build(images, tmp_path / "cache", 1) for _ in range(2)]
    for process, _ in running:
        process.join(120)
    heard = sorted(([said.get() for _ in iter(said.empty, True)] for _, said in running), key=len)
    assert [len(words) for words in heard] == [1, 2], "one said 'part', both said what was built"
    assert heard[0] == heard[1][1:]
