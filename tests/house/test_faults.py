"""The faults made by hand, which show that the tests of each room notice what is wrong in it."""

import pytest

from support.configuration import ROOT
from support.faults import ENOUGH, FAULTS, try_all

FLOOR = {"files.py", "randomness.py", "signals.py"}
ROOMS = {file.parent.name for file in (ROOT / "gan_lightning").glob("*/__init__.py")} - {"exercises"}


def test_each_fault_replaces_one_text_that_its_file_has_once():
    assert len(FAULTS) == len({fault.name for fault in FAULTS}) == 30
    for fault in FAULTS:
        text = (ROOT / "gan_lightning" / fault.file).read_text()
        assert text.count(fault.right) == 1, fault.name
        assert fault.wrong != fault.right, fault.name
        assert all((ROOT / "tests" / test).is_file() for test in fault.tests), fault.name
        compile(text.replace(fault.right, fault.wrong), fault.file, "exec")


def test_each_room_has_a_fault():
    assert {fault.room for fault in FAULTS} >= ROOMS | FLOOR
    kinds = {"sign", "factor", "order", "range", "seed", "shape"}
    assert {fault.name.rpartition(" (")[2].rstrip(")") for fault in FAULTS} == kinds


@pytest.mark.slow
def test_the_tests_of_each_room_catch_its_faults():
    assert len(FAULTS) - len(try_all(FAULTS)) >= ENOUGH
