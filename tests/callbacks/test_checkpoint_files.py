"""Files of checkpoints: how they are written, which are kept, and how damaged ones are recognised."""

import logging
import os
from pathlib import Path

import pytest
import torch
from hydra.utils import instantiate
from lightning import Callback

from gan_lightning.callbacks.checkpoint_io import AtomicCheckpointIO, BadStateError, newest_whole_checkpoint
from support.checkpoints import assert_same
from support.scoring import CLASSES, QUIET, iteration_of, played

STATE = {"state_dict": {"weight": torch.arange(600.0)}, "global_step": 7, "name": "é"}


@pytest.fixture
def chosen(roots):
    return [*CLASSES, *roots["folder_labelled"], "callbacks.checkpoint.every_n_iterations=1"]


@pytest.fixture
def file(tmp_path):
    AtomicCheckpointIO().save_checkpoint(STATE, tmp_path / "0000007.ckpt")
    return tmp_path / "0000007.ckpt"


def refused(file):
    with pytest.raises(ValueError, match="is no readable checkpoint: ") as raised:
        AtomicCheckpointIO().load_checkpoint(file)
    assert str(file) in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "weights_only" not in str(raised.value)
    return str(raised.value)


def test_a_checkpoint_is_read_as_it_was_written_by_this_program_and_by_torch(file):
    assert_same(AtomicCheckpointIO().load_checkpoint(file), STATE)
    assert_same(torch.load(file, weights_only=True), STATE)
    assert_same(torch.load(file, weights_only=True, mmap=True), STATE)


def test_a_bit_that_flips_anywhere_is_noticed(file):
    whole = file.read_bytes()
    for place in [*range(0, len(whole), 23), *range(len(whole) - 100, len(whole), 3)]:
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
        refused(file)


def test_a_checkpoint_that_is_cut_off_anywhere_is_refused(file):
    whole = file.read_bytes()
    for length in range(1, len(whole), 17):
        file.write_bytes(whole[:length])
        refused(file)


OTHERS = {
    b"": "it is empty",
    b"\n<!DOCTYPE html><html>not found</html>" * 9: "it is a web page or another text",
    b"GIF89a" * 50: "it does not begin as a checkpoint does",
    b"PK\x03\x04" * 50: "its end is missing or changed",
}


@pytest.mark.parametrize("content", OTHERS)
def test_what_is_no_checkpoint_is_said_in_one_sentence(content, file):
    file.write_bytes(content)
    assert OTHERS[content] in refused(file)


def test_a_file_of_another_program_is_checked_by_torchs_own_checksums(file):
    torch.save(STATE, file)
    assert_same(AtomicCheckpointIO().load_checkpoint(file), STATE)
    whole = file.read_bytes()
    place = whole.index(STATE["state_dict"]["weight"].numpy().tobytes()) + 999
    file.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
    assert "its checksum does not match" in refused(file)


def test_a_pickle_that_would_run_code_is_not_run(file):
    class Evil:
        def __reduce__(self):
            return Path.mkdir, (Path("evil"),)

    torch.save({"state_dict": {}, "evil": Evil()}, file)
    refused(file)
    assert not Path("evil").exists()


def test_the_newest_whole_checkpoint_is_found_and_damaged_ones_are_named(tmp_path, file, caplog):
    for iteration in (8, 9):
        AtomicCheckpointIO().save_checkpoint(STATE, tmp_path / f"{iteration:07d}.ckpt")
    os.link(tmp_path / "0000009.ckpt", tmp_path / "last.ckpt")
    assert newest_whole_checkpoint(tmp_path) == tmp_path / "last.ckpt"
    assert caplog.text == ""
    for name in ("0000008.ckpt", "0000009.ckpt"):
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(content[:100] if name < "0000009" else content.replace(b"\x80\x3f", b"\x80\x3e"))
    with caplog.at_level(logging.WARNING):
        assert newest_whole_checkpoint(tmp_path) == file
    assert caplog.text.count("is damaged and not used") == 2
    file.write_bytes(b"")
    with pytest.raises(ValueError, match="must have a checkpoint that can be read; all 3 are damaged"):
        newest_whole_checkpoint(tmp_path)
    with pytest.raises(ValueError, match="must have a checkpoint that can be read; there is none"):
        newest_whole_checkpoint(tmp_path / "checkpoints")


def test_last_is_used_where_there_is_no_other(tmp_path, file):
    file.rename(tmp_path / "last.ckpt")
    assert newest_whole_checkpoint(tmp_path) == tmp_path / "last.ckpt"


def test_the_newest_two_are_kept_over_all_parts_of_a_run_and_leftovers_of_killed_writes_go(chosen, composed, tmp_path):
    played(composed, tmp_path, 2, *chosen)
    folder = tmp_path / "checkpoints"
    (folder / ".0123456789abcdef.tmp").write_bytes(b"half a checkpoint")
    (folder / "mine.tmp").write_bytes(b"a user's own")
    played(composed, tmp_path, 3, *chosen, resume=folder / "last.ckpt")
    names = {file.name for file in folder.iterdir()}
    assert names == {"0000002.ckpt", "0000003.ckpt", "last.ckpt", "mine.tmp"}


def test_checkpoints_of_an_abandoned_course_go_once_there_is_a_new_one(chosen, composed, tmp_path):
    played(composed, tmp_path, 4, *chosen, "callbacks.checkpoint.keep=null")
    folder = tmp_path / "checkpoints"
    played(composed, tmp_path, 3, *chosen, "callbacks.checkpoint.keep=null", resume=folder / "0000002.ckpt")
    names = {file.name for file in folder.iterdir()}
    assert names == {"0000001.ckpt", "0000002.ckpt", "0000003.ckpt", "last.ckpt"}
    assert iteration_of(tmp_path, "last") == 3


def test_checkpoints_come_by_the_clock_too(chosen, composed, tmp_path):
    own = [*chosen, "callbacks.checkpoint.every_n_iterations=null", "callbacks.checkpoint.keep=null"]
    for minutes, expected in ((0, [1, 2, 3]), (60, [3])):
        folder = tmp_path / str(minutes)
        played(composed, folder, 3, *own, f"callbacks.checkpoint.every_n_minutes={minutes}")
        assert sorted(int(file.stem) for file in (folder / "checkpoints").glob("0*.ckpt")) == expected


def test_loggers_save_what_they_have_before_a_checkpoint_is_written(chosen, composed, tmp_path, monkeypatch):
    seen = []
    save = AtomicCheckpointIO.save_checkpoint

    def look(self, checkpoint, path, **more):
        table = tmp_path / "metrics.csv"
        lines = table.read_text().splitlines() if table.is_file() else []
        seen.append((checkpoint["global_step"], len(lines) - 1))
        save(self, checkpoint, path, **more)

    monkeypatch.setattr(AtomicCheckpointIO, "save_checkpoint", look)
    csv = ["logger=csv", "trainer.log_every_n_steps=1"]
    played(composed, tmp_path, 3, *[word for word in chosen if word != "logger=none"], *csv)
    assert seen == [(1, 1), (2, 2), (3, 3)]


class Breaks(Callback):
    """A callback that raises an error after the third batch."""

    def __init__(self, error):
        self.error = error

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == 3:
            raise self.error


@pytest.mark.parametrize(
    ("error", "kept"), [(BadStateError("nan"), 2), (SystemExit(130), 2), (RuntimeError("grid"), 3)]
)
def test_a_bad_state_is_never_kept_and_a_good_one_is(error, kept, chosen, composed, tmp_path):
    config = composed(*QUIET, *chosen, "trainer.max_steps=5", run_dir=tmp_path)
    trainer = instantiate(config.trainer)
    trainer.callbacks.insert(0, Breaks(error))
    with pytest.raises(type(error)):
        trainer.fit(instantiate(config.model), instantiate(config.data))
    assert iteration_of(tmp_path, "last") == kept
