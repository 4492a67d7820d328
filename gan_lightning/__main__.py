"""The command line: `python -m gan_lightning [command] key=value ...`; without a command, train."""

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    # `python -m` puts the working directory first, which may be from elsewhere: a module in it would be executed.
    del sys.path[0]

import gc
import os
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType, TracebackType

from gan_lightning import signals

with signals.answered_by(signals.exit_at_once):  # these imports take a while
    import hydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.errors import HydraException
    from omegaconf import DictConfig
    from omegaconf.errors import OmegaConfBaseException

    from gan_lightning import launcher
    from gan_lightning.config import job, logs, resolvers
    from gan_lightning.config.arguments import prepared, with_overrides, with_runs
    from gan_lightning.config.checks import checked
    from gan_lightning.config.composition import CONF
    from gan_lightning.config.continuing import Words, continued, is_further_rank
    from gan_lightning.config.errors import USER_ERRORS, exit_code, sentence
    from gan_lightning.files import hold, release
    from gan_lightning.printable import printable

HERE = Path(__file__).resolve().parent
TRACEBACK = "GAN_LIGHTNING_TRACEBACK"
OF_A_RUN = ("evaluate", "export", "interpolate", "invert", "neighbours", "sample", "translate")
"""Commands that restore a run, whose model and data may be given other values."""


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
    resolvers.register()
    launcher.register()
    command, arguments = _split(given[1:])
    primary = "config" if command == "train" else command
    wants_traceback = bool(os.environ.get(TRACEBACK))

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
        with _one_sentence(wants_traceback, primary, "hydra.run.dir: the run folder cannot be made: "):
            of_run = dict.fromkeys(OF_A_RUN, with_overrides)
            words = prepared({"compare": with_runs, **of_run}.get(command, list)(arguments))
            both = continued(words) if command == "train" else Words(words, words)
            repeated = [*given[: len(given) - len(arguments)], *both.typed]
            sys.argv[1:] = both.for_hydra
            if not job.run(both.for_hydra, primary, prepare):
                main = hydra.main(config_path=str(CONF), config_name=primary, version_base="1.3")
                main(lambda config: prepare(config)())()
    finally:
        release()


def _imported(name: str) -> ModuleType:
    """Import a module without looking for garbage meanwhile, which takes a tenth of the time of torch's import."""
    gc.disable()
    try:
        return import_module(name)
    finally:
        gc.enable()


class _one_sentence:  # noqa: N801
    """A context that ends the process after an error.

    A user's error becomes one sentence on stderr; any other error is a bug and keeps its traceback.
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
            traceback.print_exception(error.with_traceback(trace))
        else:
            about = self.of_files if isinstance(error, OSError) and error.filename else ""
            print(f"error: {about}{printable(sentence(error, CONF, self.primary))}", file=sys.stderr)
            if not about and not _foreseen(error):
                print(f"({type(error).__name__}; set {TRACEBACK}=1 for the traceback)", file=sys.stderr)
        raise SystemExit(exit_code(error)) from None


def _foreseen(error: BaseException) -> bool:
    """Return whether an error was raised as a sentence for users, by this package or by Hydra while composing."""
    frames = traceback.extract_tb(error.__traceback__)
    return isinstance(error, HydraException | OmegaConfBaseException) or Path(frames[-1].filename).is_relative_to(HERE)


def _split(arguments: list[str]) -> tuple[str, list[str]]:
    """Return the command and the rest; `train` if the first word is no command."""
    commands = sorted(file.stem for file in (HERE / "commands").glob("[a-z]*.py"))
    first = arguments[0] if arguments else ""
    if first in commands:
        return first, arguments[1:]
    if first.isidentifier() and not "".join(arguments[1:2]).startswith("="):  # `seed = 3` is no command
        print(f"error: {first} is neither key=value nor a command; commands are {', '.join(commands)}", file=sys.stderr)
        raise SystemExit(2)
    return "train", arguments


if __name__ == "__main__":
    main()
