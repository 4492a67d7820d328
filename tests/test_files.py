"""Files that are written whole or not at all, and names that say what they depend on."""

import os

import pytest

from gan_lightning.files import add_name, atomic_write, hashed_name, refuse_existing


@pytest.fixture
def folder(tmp_path):
    """An empty folder."""
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder"


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


def test_a_file_that_cannot_be_written_whole_stays_as_it_was(folder):
    file = folder / "file.txt"
    file.write_text("before")
    with pytest.raises(TypeError), atomic_write(file) as stream:
        stream.writelines([b"half", "no bytes"])
    assert [path.name for path in folder.iterdir()] == ["file.txt"]
    assert file.read_text() == "before"


def test_an_error_of_the_disk_names_the_file_and_not_its_temporary_name(folder, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: .*new\.txt"), atomic_write(folder / "new.txt"):
        pass
    assert list(folder.iterdir()) == []


def test_a_second_name_is_a_link_or_a_copy_where_there_are_no_links(folder, monkeypatch):
    file, name = folder / "one", folder / "two"
    file.write_text("content")
    name.write_text("older")
    add_name(file, name)
    assert name.samefile(file)

    def refused(*_):
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    add_name(file, folder / "three")
    assert (folder / "three").read_text() == "content"
    assert not (folder / "three").samefile(file)
    assert len(list(folder.iterdir())) == 3


def test_files_that_exist_are_replaced_only_where_that_is_wanted_and_folders_never(folder):
    there, below = folder / "there", folder / "below"
    there.write_text("")
    below.mkdir()
    refuse_existing([folder / "new" / "file"], "output", overwrite=False)
    refuse_existing([there], "output", overwrite=True)
    with pytest.raises(
        ValueError, match=r"output: 1 of the 2 files to write exist already, .* overwrite=true replaces"
    ):
        refuse_existing([there, folder / "new"], "output", overwrite=False)
    with pytest.raises(ValueError, match="output: .*below must be a file or not exist; it is a folder"):
        refuse_existing([below], "output", overwrite=True)
    with pytest.raises(ValueError, match=r"must be a folder or not exist; .*there is a file"):
        refuse_existing([there / "file"], "output", overwrite=True)
