"""The tests run without a network, and those that try fail, also where a library swallows that it was refused."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

CONNECT = "import socket; socket.socket().connect(('192.0.2.1', 80))"
LOOK_UP = "import urllib.request; urllib.request.urlopen('http://nowhere.invalid')"
INNER = f"""
import socket, subprocess, sys
from contextlib import suppress

def test_swallowed_connection():
    with suppress(Exception):
        exec({CONNECT!r})

def test_swallowed_look_up():
    with suppress(Exception):
        exec({LOOK_UP!r})

def test_ignored_process():
    subprocess.run([sys.executable, "-c", {CONNECT!r}], capture_output=True)

def test_this_machine():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass
"""


@pytest.mark.parametrize(
    ("program", "noted"), [(CONNECT, "socket.connect 192.0.2.1"), (LOOK_UP, "socket.getaddrinfo nowhere.invalid")]
)
def test_a_process_that_a_test_starts_cannot_leave_this_machine(program, noted, offline):
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert shown.returncode == 1
    assert f"a test tried to reach {noted.split()[1]}" in shown.stderr
    assert offline.read_text().splitlines() == [noted]
    offline.unlink()


def test_a_test_fails_whose_libraries_swallow_that_they_were_refused():
    Path("test_inner.py").write_text(INNER)
    run = f"sys.path.insert(0, {str(Path(__file__).parents[1])!r}); sys.exit(pytest.main(['-q', '-p', 'conftest']))"
    command = [sys.executable, "-c", f"import sys, pytest; {run}"]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    assert re.search("4 passed.* 3 errors", shown.stdout), shown.stdout + shown.stderr
    assert "ERROR test_inner.py::test_this_machine" not in shown.stdout
