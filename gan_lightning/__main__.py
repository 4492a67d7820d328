"""The command line: `python -m gan_lightning [command] key=value ...`; without a command, train."""

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    # `python -m` puts the working directory first, which may be from elsewhere: a module in it would be executed.
    del sys.path[0]

import atexit
import gc
import logging
import os
import re
import traceback
import warnings
from argparse import ArgumentError
from collections.abc import Callable
from difflib import get_close_matches
from functools import partial
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from gan_lightning import signals

with signals.answered_by(signals.exit_at_once):  # these imports take a while
    import hydra
    from hydra._internal.utils import get_args_parser
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.errors import HydraException
    from omegaconf import DictConfig
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    from gan_lightning import launcher
    from gan_lightning.config import job, logs, resolvers
    from gan_lightning.config.arguments import TAKES_ONE, prepared, with_one, with_overrides, with_runs
    from gan_lightning.config.checks import checked
    from gan_lightning.config.completion import completions
    from gan_lightning.config.composition import CONF, config_dir, searching
    from gan_lightning.config.continuing import Words, continued, is_further_rank
    from gan_lightning.config.elsewhere import command_named
    from gan_lightning.config.errors import USER_ERRORS, WrongJobsError, exit_code, sentence
    from gan_lightning.config.help import command_names, page, primary_of
    from gan_lightning.config.options import options_of
    from gan_lightning.config.stray import (
        check_is_no_continuation,
        check_is_no_flag,
        check_is_no_training,
        choices_of,
        in_first_place,
        without_value,
    )
    from gan_lightning.config.words import check_characters
    from gan_lightning.files import hold, release
    from gan_lightning.printable import printable

HERE = Path(__file__).resolve().parent
HYDRA = Path(hydra.__file__).parent
TRACEBACK = "GAN_LIGHTNING_TRACEBACK"
OF_A_RUN = ("evaluate", "export", "interpolate", "invert", "neighbours", "sample", "translate")
"""Commands that restore a run, whose model and data may be given other values."""


def program() -> None:
    """Run `main` in a process of its own, which ends as soon as everything is said and written.

    Python would take another second to take apart what is imported, and the system has that memory back at once.
    """
    codes: list[int] = []

    def end() -> None:
        try:
            for stream in filter(None, (sys.stdout, sys.stderr)):
                stream.flush()
        except (OSError, ValueError):  # such as a full disk, which Python tells in its own way
            return
        if codes:
            os._exit(codes[0])

    atexit.register(end)  # functions that are registered later, such as those of multiprocessing, are called before it
    try:
        main()
        codes.append(0)
    except SystemExit as stop:
        codes.extend([stop.code] if isinstance(stop.code, int) else [])
        raise


def main() -> None:
    """Run the command that the first word names.

    If the command line, a file or a folder is wrong, one sentence is printed and the exit code is 2; set
    GAN_LIGHTNING_TRACEBACK=1 for the traceback. docs/reliability.md lists the other exit codes.
    """
    with signals.answered_by(signals.exit_at_once), signals.ended_if_blocked():
        signals.follow_parent()
        _run()


def _run() -> None:
    given = list(sys.argv)
    logs.escape_what_cannot_be_shown()
    resolvers.register()
    launcher.register(_make, given[1:])
    wants_traceback = bool(os.environ.get(TRACEBACK))
    with _one_sentence(wants_traceback, "config"):
        if (answer := _answer(given[1:])) is not None:
            print(answer, flush=True)
            return
        check_characters(given[1:])
        command, arguments = _split(given[1:])
    primary = primary_of(command)

    def prepare(config: DictConfig) -> Callable[[], None]:
        sys.argv[:] = repeated  # Lightning starts further ranks by repeating the command line
        os.environ.pop("HYDRA_FULL_ERROR", None)
        with _one_sentence(wants_traceback, primary):
            config = checked(config, command)
            chosen = _imported(f"gan_lightning.commands.{command}")
            with signals.answered_by(signals.raise_stopped):
                work = chosen.prepared(config)

        def in_folder() -> None:
            with _one_sentence(wants_traceback, primary):
                if command != "train":
                    logs.write_to(Path(HydraConfig.get().runtime.output_dir, f"{command}.log"))
                elif not is_further_rank():
                    hold(Path(config.run_dir), "hydra.run.dir")
                with signals.answered_by(signals.raise_stopped):
                    work()

        return in_folder

    os.environ["HYDRA_FULL_ERROR"] = "1"  # while Hydra composes: its errors come here instead of to its own printer
    try:
        with _one_sentence(wants_traceback, primary, "hydra.run.dir must name a folder that can be written"):
            gathered = {"compare": with_runs, **dict.fromkeys(OF_A_RUN, with_overrides)}
            gathered |= {name: partial(with_one, command=name) for name in TAKES_ONE}
            words = prepared(gathered.get(command, list)(arguments), primary)
            both = continued(words) if command == "train" else Words(words, words)
            repeated = [*given[: len(given) - len(arguments)], *both.typed]
            sys.argv[1:] = both.for_hydra
            if not job.run(both.for_hydra, primary, prepare):
                main = hydra.main(config_path=str(CONF), config_name=primary, version_base="1.3")
                main(lambda config: prepare(config)())()
    finally:
        HydraConfig.instance().cfg = None  # another command in this process has choices of its own
        logs.close()
        release()


def _make(config: DictConfig, command: str) -> None:
    """Make the parts of a job of a sweep as the job itself will, which says what it has to say about them.

    Only training's are made: the other commands begin with work that may be long.
    """
    if command != "train":
        return
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(action="ignore"):
            _imported(f"gan_lightning.commands.{command}").prepared(config)
    finally:
        logging.disable(logging.NOTSET)


def _imported(name: str) -> ModuleType:
    """Import a module without looking for garbage meanwhile, which takes a tenth of the time of torch's import."""
    gc.disable()
    try:
        return import_module(name)
    finally:
        gc.enable()


class _one_sentence:  # noqa: N801
    """A context that ends the process after an error.

    A user's error becomes one sentence on stderr and in the log file, if there is one; any other error is a bug and
    keeps its traceback.
    """

    def __init__(self, wants_traceback: bool, primary: str, of_files: str = "") -> None:
        self.wants_traceback, self.primary, self.of_files = wants_traceback, primary, of_files

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        if isinstance(error, BrokenPipeError):  # `--help | head`
            sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115
            raise SystemExit(0) from None
        if not isinstance(error, Exception):
            return
        if self.wants_traceback or not isinstance(error, USER_ERRORS):
            said = "".join(traceback.format_exception(error.with_traceback(trace)))
        else:
            of_jobs = "\n" if isinstance(error, WrongJobsError) else ""
            about = self.of_files if isinstance(error, OSError) and error.filename else ""
            told = sentence(error, CONF, self.primary)
            if about and isinstance(error, OSError):
                told = f"{about}; {error.filename} cannot be made ({error.strerror})"
            said = f"error: {printable(told, keep=of_jobs)}\n"
            if not about and not _foreseen(error):
                said += f"({type(error).__name__}; set {TRACEBACK}=1 for the traceback)\n"
        print(said, end="", file=sys.stderr)
        logs.write_error(said)
        raise SystemExit(exit_code(error)) from None


def _foreseen(error: BaseException) -> bool:
    """Return whether an error was raised as a sentence for users, by this package or by Hydra while composing."""
    frames = traceback.extract_tb(error.__traceback__)
    origin = Path(frames[-1].filename)
    is_of_hydra = isinstance(error, HydraException | OmegaConfBaseException | YAMLError) or origin.is_relative_to(HYDRA)
    return is_of_hydra or origin.is_relative_to(HERE)


def _answer(words: list[str]) -> str | None:
    """Return the answer to a question about the program itself: its version, its help, or what completes a word."""
    if "--version" in words:
        return str(_imported("gan_lightning.versions").line())
    parser = get_args_parser()
    parser.exit_on_error = parser.allow_abbrev = False
    try:
        typed, _ = parser.parse_known_args(words)
    except ArgumentError:
        return None  # it is told with all that is wrong with the words
    is_query = typed.shell_completion and any(word.startswith("query=") for word in words)
    if not is_query and not typed.help and words[:1] != ["help"]:
        return None
    line = os.environ.get("COMP_LINE", "")
    own = config_dir(re.split(r"\s+", line)) if is_query else None
    with searching(typed.config_dir or (own if own and Path(own).expanduser().is_dir() else None)):
        loader: Any = GlobalHydra.instance().config_loader()
        if is_query:
            return "\n".join(completions(line, loader))
        named = [word for word in words if word in command_names()] or words[words[:1] == ["help"] :]
        if named and "=" not in named[0] and options_of(named[0].partition("@")[0]):
            raise ValueError(f"{named[0]} is no command; `gan-lightning --help` lists its options")
        return page(_split(named)[0])


def _split(words: list[str]) -> tuple[str, list[str]]:
    """Return the command and the rest; `train` if the first word is no command.

    Raises:
        ValueError: if the first word is neither a command nor key=value, or a command comes later.
    """
    first = words[0] if words else ""
    if first in command_names():
        return first, words[1:]
    for before, word in pairwise(words):
        if word in command_names() and (not before.startswith("-") or before in ("-m", "--multirun")):
            raise ValueError(in_first_place(word, [other for other in words if other != word]))
    if first.isidentifier() and not "".join(words[1:2]).startswith("="):  # `seed = 3` is no command
        check_is_no_training(first, words[1:])
        check_is_no_continuation(first, words[1:])
        check_is_no_flag(first, words[1:])
        if without := without_value(first):
            raise ValueError(without)
        meant = command_named(first)
        close = [meant] if meant else [*get_close_matches(first, command_names(), n=1), *choices_of(first)]
        if close:
            hint = f"did you mean {close[0]}? `gan-lightning --help` lists the commands"
        else:
            hint = f"commands are {', '.join(command_names())}"
        raise ValueError(f"{first} is neither key=value nor a command; {hint}")
    return "train", words


if __name__ == "__main__":
    program()
