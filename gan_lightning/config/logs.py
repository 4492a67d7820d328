"""The log: one line for each message, and no advertisements."""

import io
import logging
import os
import sys
import warnings
from collections.abc import Callable
from logging.handlers import MemoryHandler
from pathlib import Path

from gan_lightning.printable import printable

ADVERTS = (
    "litlogger",
    "litmodels",
    "LitLogger",
    "LitModels",
    "GPU available",
    "TPU available",
    "HPU available",
)
OBVIOUS = (
    "`Trainer(limit_train_batches=1.0)`",
    "`Trainer.fit` stopped",
    "`weights_only` was not set",
    "Restoring states from",
    "Restored all states",
)
WARNINGS = (
    "Checkpoint directory .* exists and is not empty",
    ".*LeafSpec.*",
    "This DataLoader will create .* worker processes.*",
    ".*does not have many workers.*",
    ".*The number of training batches .* is smaller than the logging interval.*",
    "# The axis name: .* will not be used.*",
    "Experiment logs directory .* exists and is not empty.*",
)


class Console(logging.StreamHandler):
    """Messages on stdout; once its reader is gone, as after `| head`, they are left out and the work goes on."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Say what went wrong with a message, unless nobody reads it."""
        if isinstance(sys.exc_info()[1], BrokenPipeError):
            self.stream = sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115
        else:
            super().handleError(record)


def escape_what_cannot_be_shown() -> None:
    """Escape characters that the terminal's encoding does not have, such as those of a folder's name in ASCII."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def tidy() -> None:
    """Leave each message to Hydra's handlers alone: Lightning adds its own, so lines would appear twice.

    Characters that are not printable are escaped in every message.
    """
    for name in ("lightning.pytorch", "lightning.fabric", "lightning"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    for handler in logging.getLogger().handlers:
        handler.addFilter(_worth_reading)
        handler.addFilter(_once())
        handler.addFilter(_escape)
        if not isinstance(handler, MemoryHandler):
            handler.addFilter(_for_terminals)
    if os.environ.get("LOCAL_RANK", "0") != "0":
        logging.getLogger().setLevel(logging.ERROR)  # the first process logs for all
    for name in ("onnxscript", "onnx_ir"):
        logging.getLogger(name).setLevel(logging.WARNING)  # they list each step of a translation
    for message in WARNINGS:
        warnings.filterwarnings("ignore", message)


def _once() -> Callable[[logging.LogRecord], bool]:
    """Return a filter that lets a line on what was left out pass once, because each split lists its files anew."""
    said: set[str] = set()

    def is_new(record: logging.LogRecord) -> bool:
        message = record.getMessage()
        is_said = ": left out " in message and message in said
        said.add(message) if ": left out " in message else None
        return not is_said

    return is_new


def write_to(file: Path) -> None:
    """Write the log to a file too, with the messages that came before and are still in memory."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, MemoryHandler):
            target = logging.FileHandler(file, encoding="utf-8")
            target.setFormatter(handler.formatter)
            handler.setTarget(target)
            handler.flush()
            logging.getLogger().removeHandler(handler)
            target.addFilter(_worth_reading)
            logging.getLogger().addHandler(target)


def write_error(text: str) -> None:
    """Write an error that ends a command to its log file, if it has one; stderr has the error already."""
    record = logging.LogRecord(__name__, logging.ERROR, __file__, 0, text.rstrip("\n"), None, None)
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.FileHandler):
            handler.handle(record)


def close() -> None:
    """Close the log files of a command that has ended, so that another one in this process does not write to them."""
    for handler in [*logging.getLogger().handlers]:
        if isinstance(handler, logging.FileHandler):
            logging.getLogger().removeHandler(handler)
            handler.close()


def _for_terminals(record: logging.LogRecord) -> bool:
    """Return whether a message is not for the log file alone, as one that a terminal shows in another form."""
    return not getattr(record, "only_in_file", False)


def _worth_reading(record: logging.LogRecord) -> bool:
    return not any(words in record.getMessage() for words in (*ADVERTS, *OBVIOUS))


def _escape(record: logging.LogRecord) -> bool:
    record.msg, record.args = printable(record.getMessage(), keep="\n\t"), None
    return True
