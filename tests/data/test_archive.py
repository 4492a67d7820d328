"""Zip files of images: read in place like the folder that they were made of, and harmless whoever made them."""

import io
import json
import logging
import os
import shutil
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from gan_lightning.data import archive
from gan_lightning.data.class_folders import class_names
from gan_lightning.data.folder import Folder, LabelledFolder
from gan_lightning.data.paired import Paired
from gan_lightning.data.unpaired import Unpaired
from support.batches import epoch_of, same
from support.small_files import picture


@pytest.fixture
def module(tmp_path):
    """Makes a data module of small images."""

    def made(kind, root, **more):
        settings = {"image_size": 16, "channels": 3, "batch_size": 2, "max_bad": 1.0, "cache_dir": str(tmp_path / "c")}
        return kind(root=None if root is None else str(root), **(settings | more))

    return made


def png(seed):
    stream = io.BytesIO()
    picture(seed).save(stream, "PNG")
    return stream.getvalue()


def packed(file, members, method=zipfile.ZIP_DEFLATED):
    """A zip file of members by name, of which some may be given twice."""
    with zipfile.ZipFile(file, "w", method) as stream, pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *_, **__: None)  # of names that occur twice
        for name, content in members:
            stream.writestr(name, content)
    return file


def bad_in(module, root):
    (found,) = module(Folder, root).fitted_images("train")
    return len(found), found.survey.bad


@pytest.mark.parametrize("cache", ["auto", "off"])
@pytest.mark.parametrize("below", ["", "pictures/", "a/b/"])
def test_a_zip_file_is_the_folder_that_it_was_made_of(module, classes, tmp_path, cache, below):
    members = [(f"{below}{file.relative_to(classes)}", file.read_bytes()) for file in sorted(classes.rglob("*.png"))]
    odd = [(f"{below}.hidden/1.png", png(1)), ("__MACOSX/._1.png", b"x"), (f"{below}x.DS_Store", b"")]
    file = packed(tmp_path / "Pictures.ZIP", [("a/", b""), *reversed(members), *odd][below != "a/b/" :])
    for kind, more in ((Folder, {}), (LabelledFolder, {"num_classes": 3}), (Folder, {"test_fraction": 0.2})):
        one, other = (module(kind, root, cache=cache, **more) for root in (classes, file))
        for split in ("train", "test") if "test_fraction" in more else ("train",):
            (in_folder,), (in_file,) = one.fitted_images(split), other.fitted_images(split)
            assert len(in_file) == {"train": 15 - 3 * bool(more.get("test_fraction")), "test": 3}[split]
            assert in_file.fingerprint == in_folder.fingerprint
    assert class_names(file) == ["cats", "dogs", "owls"]
    assert other.class_counts(in_file) == {}


def test_workers_open_the_file_for_themselves(module, classes, tmp_path):
    shutil.make_archive(str(tmp_path / "p"), "zip", classes)
    batches = [
        epoch_of(module(Folder, tmp_path / "p.zip", cache="off", num_workers=workers)) for workers in (0, 2)
    ]  # fmt: skip
    assert len(batches[0]) == 8
    assert same(*batches)


def test_many_threads_read_at_once(tmp_path):
    file = packed(tmp_path / "p.zip", [(f"{number}.bin", os.urandom(50_000)) for number in range(40)])
    opened = archive.archive_of(file)
    with zipfile.ZipFile(file) as stream:
        expected = {name: stream.read(name) for name in stream.namelist()}
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        names = sorted(expected) * 5
        assert list(pool.map(lambda name: opened.read(file / name), names)) == [expected[name] for name in names]


def test_a_changed_file_makes_its_cache_invalid(module, tmp_path):
    file = packed(tmp_path / "p.zip", [("1.png", png(1)), ("2.png", png(2))], zipfile.ZIP_STORED)
    (first,) = module(Folder, file).fitted_images("train")
    assert module(Folder, file).fitted_images("train")[0].fingerprint == first.fingerprint
    assert len(list((tmp_path / "c").glob("*/index.json"))) == 1
    packed(file, [("1.png", png(1)), ("2.png", png(2)[:-20] + bytes(20))], zipfile.ZIP_STORED)
    os.utime(file, ns=(1, 1))
    assert len(module(Folder, file).fitted_images("train")[0]) == 1, "read again: the second picture is torn now"


def test_pairs_and_domains_are_found_in_a_zip_file(module, pairs, two_domains, tmp_path):
    for kind, root in ((Paired, pairs), (Unpaired, two_domains)):
        shutil.make_archive(str(tmp_path / root.name), "zip", root.parent, root.name)
        for split in ("train", "test"):
            in_folder, in_file = (
                module(kind, each).fitted_images(split) for each in (root, tmp_path / f"{root.name}.zip")
            )
            assert [each.fingerprint for each in in_file] == [each.fingerprint for each in in_folder]
    shutil.make_archive(str(tmp_path / "y"), "zip", two_domains / "trainB")
    roots = {"root_x": str(two_domains / "trainA"), "root_y": str(tmp_path / "y.zip")}
    assert [len(each) for each in module(Unpaired, None, **roots).fitted_images("train")] == [10, 6]
    without_tests = packed(tmp_path / "no tests.zip", [(f"train{side}/1.png", png(1)) for side in "AB"])
    with pytest.raises(ValueError, match=r"there is no folder .*no tests.zip/testA"):
        module(Unpaired, without_tests).domains("test")


LABELS = {"labels": [["00000/b.png", 2], ["00000\\a.png", 0], ["more.png", 1]]}


@pytest.mark.parametrize("in_zip", [True, False])
def test_labels_of_stylegan_are_read_beside_the_images(module, tmp_path, in_zip):
    members = [("dataset.json", json.dumps(LABELS)), *((f"00000/{name}.png", png(ord(name))) for name in "ab")]
    root = packed(tmp_path / "set.zip", members)
    if not in_zip:
        root = tmp_path / "set"
        shutil.unpack_archive(tmp_path / "set.zip", root)
    assert class_names(root) == ["0", "1", "2"]
    given = module(LabelledFolder, root, num_classes=3)
    (found,) = given.fitted_images("train")
    assert found.labels.tolist() == [0, 2]
    assert given.class_counts(found) == {"0": 1, "1": 0, "2": 1}
    assert len(module(Folder, root).fitted_images("train")[0]) == 2, "without labels the file is no matter"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"labels": null}', "must hold .*data=folder where there are no labels"),
        ('{"labels": []}', "has no labels"),
        ('{"labels": [["a.png", [0.1, 0.2]]]}', "whole numbers from 0 to 99,999; that of a.png is"),
        ('{"labels": [["a.png", true]]}', "that of a.png is True"),
        ('{"labels": [["a.png", 1000000000]]}', "that of a.png is 1000000000"),
        ("[" * 100_000, "must hold"),
        ("no json", "must hold"),
        ('{"labels": [["b.png", 1]]}', "1 of 1 images have no label .*the first is a.png"),
    ],
)
def test_wrong_labels_of_stylegan_are_one_sentence(module, tmp_path, content, said):
    file = packed(tmp_path / "p.zip", [("a.png", png(1)), ("dataset.json", content)])
    with pytest.raises(ValueError, match=f"data.root: .*{said}"):
        module(LabelledFolder, file, num_classes=2).images("train")


def test_no_name_in_a_zip_file_leads_out_of_it(module, tmp_path, caplog):
    (tmp_path / "outside.png").write_bytes(png(9))
    names = ["../outside.png", str(tmp_path / "outside.png"), "x/../../outside.png", "//outside.png", "."]
    file = packed(tmp_path / "p.zip", [("in/1.png", png(1)), *((name, png(2)) for name in names)])
    assert bad_in(module, file) == (1, {})
    assert "4 names that lead out of it are left out, such as ../outside.png" in caplog.text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c", "cwd", "outside.png", "p.zip"], "none is unpacked"


def test_the_last_of_several_members_of_one_name_counts(module, tmp_path, caplog):
    file = packed(tmp_path / "p.zip", [("1.png", png(1)), ("2.png", png(2)), ("./1.png", png(3)), ("1.png", png(4))])
    (found,) = module(Folder, file).fitted_images("train")
    (alone,) = module(Folder, packed(tmp_path / "q.zip", [("1.png", png(4)), ("2.png", png(2))])).fitted_images("train")
    assert found.fingerprint == alone.fingerprint
    assert "2 members have the name of an earlier one" in caplog.text


def edited(file, name, offset, value, struct="<H"):
    """Change a field of a member's entry in the directory at the end of a zip file."""
    content = bytearray(file.read_bytes())
    place = content.rindex(b"PK\x01\x02", 0, content.rindex(name.encode()))
    content[place + offset : place + offset + np.dtype(struct).itemsize] = np.array(value, struct).tobytes()
    file.write_bytes(content)


def test_members_that_are_encrypted_torn_or_packed_in_another_way_are_bad_images(module, tmp_path):
    members = [(f"{name}.png", png(number)) for number, name in enumerate(("good", "locked", "torn", "link"))]
    file = packed(tmp_path / "p.zip", [*members, ("empty.png", b""), ("huge.png", png(1))])
    with zipfile.ZipFile(file, "a", zipfile.ZIP_LZMA) as stream:
        stream.writestr("lzma.png", png(5))
    edited(file, "locked.png", 8, 1)
    edited(file, "torn.png", 16, 7, "<u4")  # its checksum
    edited(file, "huge.png", 24, archive.LARGEST + 1, "<u4")
    count, bad = bad_in(module, file)
    assert count == 2
    assert bad.pop("torn.png").startswith("damaged in its .zip file (Bad CRC-32")
    assert bad == {
        "locked.png": "encrypted in its .zip file; pack it without a password",
        "empty.png": "empty file",
        "huge.png": "268,435,457 bytes unpacked, more than 268,435,456",
        "lzma.png": "packed in its .zip file by a method other than store and deflate",
    }


def test_a_member_that_unpacks_to_more_than_it_says_takes_no_memory(module, tmp_path):
    file = packed(tmp_path / "p.zip", [("1.png", png(1)), ("bomb.png", bytes(60_000_000))])
    edited(file, "bomb.png", 24, 5_000, "<u4")
    tracemalloc.start()
    count, bad = bad_in(module, file)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (count, list(bad)) == (1, ["bomb.png"])
    assert most < 20_000_000


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x05\x06" + bytes(18)])
def test_a_zip_file_that_is_none_or_empty_is_one_sentence(module, tmp_path, content):
    (tmp_path / "p.zip").write_bytes(content)
    with pytest.raises(
        ValueError, match=r"p.zip (cannot be read as a .zip file \(File is not a zip file\)|holds no files)"
    ):
        module(Folder, tmp_path / "p.zip").images("train")


def test_a_zip_file_without_images_says_what_it_holds(module, tmp_path):
    file = packed(tmp_path / "p.zip", [("a.txt", b""), ("b.txt", b""), ("folder/", b""), ("x", b"")])
    with pytest.raises(ValueError, match=r"p.zip holds only 2 .txt files and 1 file without a suffix"):
        module(Folder, file).images("train")


def test_a_zip_file_that_is_not_there_is_named(gan_lightning, tmp_path):
    code, shown = gan_lightning("data=folder", f"data.root={tmp_path / 'none.zip'}")
    assert code == 2
    assert "data.root must name a folder or .zip file that exists; there is no folder or .zip file" in shown


def test_flat_pairs_are_trained_on_and_some_may_be_held_out(module, pairs, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    shutil.copytree(pairs / "train", tmp_path / "flat")
    shutil.make_archive(str(tmp_path / "flat"), "zip", tmp_path / "flat")
    (expected,) = module(Paired, pairs).fitted_images("train")
    for root in (tmp_path / "flat", tmp_path / "flat.zip"):
        flat = module(Paired, root)
        assert flat.fitted_images("train")[0].fingerprint == expected.fingerprint
        with pytest.raises(
            ValueError, match="there are no test pairs; put some into .*flat.*/test .*test_fraction=0.1"
        ):
            flat.domains("test")
        assert flat.evaluation_split() == "train"
        held_out = module(Paired, root, test_fraction=0.25)
        assert [len(held_out.fitted_images(split)[0]) for split in ("train", "test")] == [9, 3]
        assert torch.is_tensor(epoch_of(held_out)[0].x)
    (tmp_path / "flat" / "val").mkdir()
    with pytest.raises(ValueError, match="there is no folder .*flat/train"):
        module(Paired, tmp_path / "flat").domains("train")


def test_labels_that_are_damaged_in_the_zip_file_are_one_sentence(module, tmp_path):
    file = packed(tmp_path / "p.zip", [("a.png", png(1)), ("dataset.json", '{"labels": [["a.png", 0]]}')])
    edited(file, "dataset.json", 16, 7, "<u4")
    with pytest.raises(ValueError, match=r"data.root: .*dataset.json must hold"):
        module(LabelledFolder, file, num_classes=1).images("train")


def test_names_of_thousands_of_levels_are_left_out_and_take_no_memory(tmp_path, caplog):
    deep = [(f"{number}/" * 10_000 + "1.png", png(1)) for number in range(3)]
    file = packed(tmp_path / "p.zip", [("a/1.png", png(1)), ("b/" * 31 + "2.png", png(2)), *deep])
    opened = archive.archive_of(file)
    assert [len(opened.parts(member)) for member in opened.files_below(file)] == [2, 32]
    assert len(opened._folders) == 1 + 1 + 31
    assert "3 names that are deeper than 32 levels are left out" in caplog.text


def test_a_broken_zip_file_is_named_with_its_key(module, tmp_path):
    (tmp_path / "p.zip").write_bytes(b"no zip")
    for kind in (Folder, LabelledFolder, Paired, Unpaired):
        with pytest.raises(ValueError, match=r"^data.root: .*p.zip cannot be read as a .zip file"):
            module(kind, tmp_path / "p.zip").domains("train")
    with pytest.raises(ValueError, match=r"^data.test_root: .*p.zip cannot be read as a .zip file"):
        module(Folder, tmp_path / "pictures", test_root=str(tmp_path / "p.zip")).domains("test")


@pytest.mark.parametrize("in_zip", [False, True])
def test_classes_are_sub_folders_with_images_and_neither_runs_nor_outputs(module, tmp_path, in_zip):
    root = tmp_path / "pictures"
    names = (
        "cats/1.png",
        "dogs/young/2.png",
        "outputs/train/3.png",
        "run/run.json",
        "run/plots/4.png",
        "experiment/a.yaml",
    )
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(png(1))
    if in_zip:
        root = Path(shutil.make_archive(str(root), "zip", root))
    assert class_names(root) == ["cats", "dogs"]
    assert module(LabelledFolder, root, num_classes=2).images("train").labels.tolist() == [0, 1]
