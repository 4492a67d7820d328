"""Files that are written whole or not at all, and names that say what they depend on."""

import os

import pytest

from gan_lightning.files import add_name, atomic_write, hashed_name, refuse_existing


def test_a_hashed_name_is_another_for_other_parts_and_the_same_for_the_same():
    name = hashed_name("ab", "c", 1)
    assert name == hashed_name("ab", "c", "1")
    assert len(name) == 24
    others = [
        hashed_name("a", "bc", 1),
        hashed_name("abc", 1),
        hashed_name("c", "ab", 1),
        hashed_name("ab", "c", 1, ""),
    ]
    assert len({name, *others}) == 5


def test_a_file_that_cannot_be_written_whole_stays_as_it_was(tmp_path):
    file = tmp_path / "file.txt"
    file.write_text("before")
    with pytest.raises(TypeError), atomic_write(file) as stream:
        stream.writelines([b"half", "no bytes"])
    assert [path.name for path in tmp_path.iterdir()] == ["file.txt"]
    assert file.read_text() == "before"


def test_an_error_of_the_disk_names_the_file_and_not_its_temporary_name(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: .*new\.txt"), atomic_write(tmp_path / "new.txt"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_second_name_is_a_link_or_a_copy_where_there_are_no_links(tmp_path, monkeypatch):
    file, name = tmp_path / "one", tmp_path / "two"
    file.write_text("content")
    name.write_text("older")
    add_name(file, name)
    assert name.samefile(file)

    def refused(*_):
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    add_name(file, tmp_path / "three")
    assert (tmp_path / "three").read_text() == "content"
    assert not (tmp_path / "three").samefile(file)
    assert len(list(tmp_path.iterdir())) == 3


def test_files_that_exist_are_replaced_only_where_that_is_wanted_and_folders_never(tmp_path):
    there, folder = tmp_path / "there", tmp_path / "folder"
    there.write_text("")
    folder.mkdir()
    refuse_existing([tmp_path / "new" / "file"], "output", overwrite=False)
    refuse_existing([there], "output", overwrite=True)
    with pytest.raises(
        ValueError, match=r"output: 1 of the 2 files to write exist already, .* overwrite=true replaces"
    ):
        refuse_existing([there, tmp_path / "new"], "output", overwrite=False)
    with pytest.raises(ValueError, match="output: .*folder must be a file or not exist; it is a folder"):
        refuse_existing([folder], "output", overwrite=True)
    with pytest.raises(ValueError, match=r"must be a folder or not exist; .*there is a file"):
        refuse_existing([there / "file"], "output", overwrite=True)
