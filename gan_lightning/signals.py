"""Signals that ask a process to stop: Ctrl-C, SIGTERM and SIGUSR1, and what a process that does not train does then.

The exit code after a signal is 128 plus its number, as a shell counts: 130, 143 and, on Linux, 138.
"""

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

Handler = Callable[[int, FrameType | None], None]

STOPS = [number for number in signal.Signals if number.name in ("SIGINT", "SIGTERM", "SIGUSR1")]
"""The signals that ask for a stop; Windows has no SIGUSR1."""
SWEEP = "GAN_LIGHTNING_SWEEP"
"""The environment variable with the process id of the sweep that has started a job."""
PATIENCE = 10
"""Seconds after which a process ends that cannot answer a signal."""
PR_SET_PDEATHSIG = 1


class Stopped(SystemExit):
    """The end of a process that a signal stops at once, without saving; `code` is 128 plus the signal's number."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)


@contextmanager
def answered_by(handler: Handler) -> Iterator[None]:
    """Let a function answer the stop signals; the handlers before it come back at the end.

    Only the main thread can answer signals, so in another thread nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in STOPS}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


@contextmanager
def ended_if_blocked() -> Iterator[None]:
    """End this process if a stop signal outside training remains without effect for `PATIENCE` seconds.

    Python's handlers wait for the main thread, which may be blocked, for example until another rank joins it.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    threading.Thread(target=_end_if_blocked, args=[reader], daemon=True).start()
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(writer)


def _end_if_blocked(reader: int) -> None:
    while received := os.read(reader, 1):
        number = received[0]
        if number in STOPS and signal.getsignal(number) in (exit_at_once, raise_stopped, _end):
            time.sleep(PATIENCE)
            os._exit(128 + number)
    os.close(reader)


def exit_at_once(number: int, frame: FrameType | None) -> None:
    """Answer a signal while a command starts: say so and end the process, because nothing is open that needs closing.

    An exception would not do, because one that is raised in a callback of the import system is printed and lost.
    """
    _hand_to_first_process(number)
    say("stopped during start-up")
    os._exit(128 + number)


def raise_stopped(number: int, frame: FrameType | None) -> None:
    """Answer a signal outside training: raise `Stopped`, so that open files are closed; a second one ends at once.

    Raises:
        Stopped: always.
    """
    _hand_to_first_process(number)
    for each in STOPS:
        signal.signal(each, _end)
    say("stopped")
    raise Stopped(number)


def leave_to_parent(worker: int) -> None:
    """Keep a data worker from signals that come to the whole group of processes, and end it with its parent.

    SIGTERM still ends a worker, because that is how torch ends one that does not end by itself.
    """
    if sys.platform != "win32":
        os.setpgid(0, 0)
    for number in STOPS:
        if number != signal.SIGTERM:
            signal.signal(number, signal.SIG_IGN)
    _get_when_parent_ends(signal.SIGKILL)


def say(sentence: str) -> None:
    """Write a line to stderr from a signal handler, where `print` may fail because it is interrupted by itself."""
    if is_first_process():
        below_the_bar = "\n" if os.isatty(2) else ""
        os.write(2, f"{below_the_bar}{sentence}\n".encode())


def name_of(number: int) -> str:
    """Return a signal's name as users know it."""
    return "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name


def is_first_process() -> bool:
    """Return whether this is the process that the user has started, and no further rank."""
    return os.environ.get("LOCAL_RANK", "0") == "0"


def follow_parent() -> None:
    """End with the process that has started this one: a further rank at once, a job of a sweep as by SIGTERM.

    Other systems than Linux do not tell a process that its parent has ended.
    """
    if not is_first_process():
        _get_when_parent_ends(signal.SIGKILL)
    elif SWEEP in os.environ:
        _get_when_parent_ends(signal.SIGTERM)
        if os.getppid() != int(os.environ[SWEEP]):  # the sweep ended before this line
            os.kill(os.getpid(), signal.SIGTERM)


def _get_when_parent_ends(number: signal.Signals) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)


def _hand_to_first_process(number: int) -> None:
    """Let the first process answer for a further rank, which ends with it.

    Where a signal comes to the whole group, the first process has ended before the pause has.
    """
    if not is_first_process():
        time.sleep(1)
        if os.getppid() > 1:
            os.kill(os.getppid(), number)
            time.sleep(10)


def _end(number: int, frame: FrameType | None) -> None:
    os._exit(128 + number)
