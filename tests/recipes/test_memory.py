"""The memory of a trial, which a container may not tell."""

import os
import resource

import pytest

from gan_lightning.recipes import memory


@pytest.mark.parametrize("content", [None, "Name: python\n"], ids=["no files", "files without the lines"])
def test_where_the_system_tells_nothing_the_peak_and_the_machine_are_asked_otherwise(content, tmp_path, monkeypatch):
    monkeypatch.setattr(memory.torch.cuda, "is_available", lambda: False)
    for name in ("STATUS", "PEAK_RESET", "MEMINFO"):
        file = tmp_path / "missing" / name if content is None else tmp_path / name
        monkeypatch.setattr(memory, name, file)
        if content:
            file.write_text(content)
    memory.forget_peak_memory()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert memory.peak_memory() >= before > 0
    assert 0 < memory.memory_at_hand() <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def test_a_line_of_kilobytes_is_read_as_bytes(tmp_path, monkeypatch):
    file = tmp_path / "status"
    file.write_text("VmPeak:\t 9 kB\nVmHWM:\t    12 kB\n")
    monkeypatch.setattr(memory.torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(memory, "STATUS", file)
    assert memory.peak_memory() == 12 * 1024
