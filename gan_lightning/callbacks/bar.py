"""The bar that a terminal shows while a run trains."""

import logging
import sys
from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task
from rich.table import Column
from rich.text import Text

from gan_lightning.callbacks.pace import Pace

BROAD = 100
"""The width in characters from which on a terminal has room for the speed."""


class Bar:
    """One bar for a whole run: the iteration, the time elapsed and left, the losses, and the speed if there is room.

    Messages of the log appear above the bar, in whole lines that the terminal itself breaks, so that a command in them
    can be copied.

    Args:
        console: the terminal.
        pace: what measures the run.
        iteration: the iteration that the run begins with.
    """

    def __init__(self, console: Console, pace: Pace, iteration: int) -> None:
        self.console, self.numbers = console, ""
        parts = (pace.iterations, pace.in_words, lambda: self.numbers)
        iterations, times, numbers = map(_Words, parts)
        self.progress = Progress(iterations, BarColumn(), times, numbers, console=console)
        self.stdout = sys.stdout
        self.handlers = [
            handler
            for handler in logging.getLogger().handlers
            if isinstance(handler, logging.StreamHandler) and handler.stream is self.stdout
        ]
        above: Any = _Above(console)
        for handler in self.handlers:
            handler.setStream(above)
        self.progress.start()
        self.task = self.progress.add_task("", total=pace.total, completed=iteration)

    def advance(self, iteration: int) -> None:
        """Show that an iteration has ended."""
        self.progress.update(self.task, completed=iteration)

    def show(self, losses: Sequence[str], speed: str) -> None:
        """Show other losses and another speed."""
        self.numbers = "  ".join([*losses, *([speed] if speed and self.console.width >= BROAD else [])])

    def close(self) -> None:
        """Leave the bar as it is; further messages follow below it."""
        self.progress.stop()
        for handler in self.handlers:
            handler.setStream(self.stdout)


class _Words(ProgressColumn):
    """Words that are asked for each time the bar is drawn."""

    def __init__(self, words: Callable[[], str]) -> None:
        super().__init__(Column(no_wrap=True))
        self.words = words

    def render(self, task: Task) -> Text:
        return Text(self.words())


class _Above:
    """A stream that writes above the bar of a terminal."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def write(self, text: str) -> None:
        if line := text.rstrip("\n"):
            self.console.print(Text(line), soft_wrap=True)

    def flush(self) -> None:
        """Do nothing: lines are written whole."""
