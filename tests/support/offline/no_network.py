"""Refuses every way out of this machine, and notes each attempt where no library can swallow it."""

import os
import socket
import sys
from pathlib import Path

NOTES = "TESTS_TRIED_THE_NETWORK"
"""The environment variable that names the file of notes, the same for a test and the processes that it starts."""
HERE = ("localhost", "::1", "", socket.gethostname())


def refuse(event, arguments):
    """An audit hook; it cannot be taken out again, and its first lines run at every event of the interpreter."""
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        own, address = arguments
        host = address[0] if address and own.family in (socket.AF_INET, socket.AF_INET6) else ""
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0] or ""
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host in HERE or host.startswith("127."):
        return
    if file := os.environ.get(NOTES):
        with Path(file).open("a") as notes:
            notes.write(f"{event} {host}\n")
    raise OSError(f"a test tried to reach {host}")


sys.addaudithook(refuse)
