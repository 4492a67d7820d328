"""What all drills share."""

import os
import signal

import pytest

from support.drilling import Drill


@pytest.fixture(autouse=True)
def processes_end_with_their_test():
    yield
    while Drill.started:
        for pid in Drill.started.pop().alive():
            os.kill(pid, signal.SIGKILL)
