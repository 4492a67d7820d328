"""What `resume=` means: which folder a run continues in, and the words that Hydra composes its configuration from."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig

from gan_lightning.config.arguments import in_quotes
from gan_lightning.config.choices import OF_THE_MODEL, without_the_run_s_own, words_of
from gan_lightning.config.composition import composed, config_dir, searching
from gan_lightning.config.equality import are_equal, as_recorded
from gan_lightning.config.record import FILE, RunRecord, refuse_links
from gan_lightning.config.restoring import NOT_TAKEN
from gan_lightning.config.run_given import absent
from gan_lightning.files import hold, is_held_elsewhere

MULTIRUN, SHOWN = {"-m", "--multirun"}, {"--cfg", "-c"}
LIMITS = ("max_epochs", "max_steps", "max_time")
"""Keys of the trainer that say when a run ends."""
TRACES = ("checkpoints/*.ckpt", "metrics.csv", "losses.csv")  # of a run whose record is missing


@dataclass(frozen=True)
class Words:
    """Words of a command line.

    Args:
        typed: what stands for what the user typed; further ranks get it.
        for_hydra: what Hydra is given: the recorded choices, `resume=`, and what was typed, see `overrides_typed`.
    """

    typed: list[str]
    for_hydra: list[str]


def overrides_typed(overrides: Sequence[str], record: RunRecord | None) -> list[str]:
    """Return the overrides that were typed to train, of those that Hydra was given; not what tells where to continue.

    Args:
        overrides: those that Hydra was given.
        record: the record of the run that is continued, whose choices Hydra was given first; None for a new run.
    """
    first = next((number for number, word in enumerate(overrides) if word.startswith("resume=")), 0) if record else 0
    return [word for word in overrides[first:] if word.split("=", 1)[0] not in NOT_TAKEN]


def continued(words: Sequence[str]) -> Words:
    """Find the run that `resume=` continues, and keep its folder for this process.

    Args:
        words: the command line of `train`.

    Raises:
        ValueError: if the run cannot be continued, another process writes it, or a new run would overwrite one.
        SystemExit: with 0 if `resume=auto` finds that nothing is left to do.
    """
    own = ("resume=", "init_from=", "run_dir=", "hydra.run.dir=")
    words = [word.lstrip("+") if word.lstrip("+").startswith(own) else word for word in words]
    words = ["hydra.run.dir=" + word.partition("=")[2] if word.startswith("run_dir=") else word for word in words]
    resume, folder = _value(words, "resume"), _folder(words)
    if resume is not None and (first := _value(words, "init_from")) is not None:
        raise ValueError(
            f"resume and init_from exclude one another; leave init_from={first} out to continue {resume}, or leave "
            f"resume={resume} out to begin a new run from the weights of {first}"
        )
    if resume is not None and SHOWN & {word.partition("=")[0] for word in words}:
        raise ValueError(f"--cfg shows no values of a run's record; leave it out, and read {FILE} in the run's folder")
    if MULTIRUN & set(words):
        if resume not in (None, "auto"):
            raise ValueError(
                f"resume={resume} continues one run, which several jobs of a sweep cannot share; leave -m out, or type "
                "resume=auto"
            )
        return Words(words, words)
    is_automatic = resume == "auto"
    if is_automatic:
        resume, limits = _automatic(words, Path(folder) if folder else None)
        decided = f"resume={in_quotes(resume) if resume else 'null'}"
        words = [*(decided if word.startswith("resume=") else word for word in words), *limits]
        if resume:  # its configuration is equal, whatever its options are called
            words = [word for word in words if word.partition("=")[0] not in OF_THE_MODEL]
    if resume is not None and Path(resume).expanduser().is_dir():
        return _in_own_folder(words, Path(resume).expanduser(), folder)
    if folder and not is_further_rank():
        _refuse_a_run(Path(folder), may_start_again=is_automatic)
    if folder and Path(folder).is_dir() and not is_further_rank():
        hold(Path(folder), "hydra.run.dir")
    if resume is None:
        return Words(words, words)
    record = _of_file(Path(resume).expanduser())
    words = without_the_run_s_own(words, record, resume)
    return Words(words, _after_recorded(words, record))


def _refuse_a_run(folder: Path, may_start_again: bool) -> None:
    """Refuse a folder for a new run that has files of another one.

    Raises:
        ValueError: if it has a run's record, unless that run may start again, or other files of a run without a record.
    """
    if (folder / FILE).is_file():
        if not may_start_again:
            raise ValueError(
                f"hydra.run.dir={folder} has a run already; continue it with resume={folder}, or name another folder"
            )
    elif found := next((file for name in TRACES for file in folder.glob(name)), None):
        raise ValueError(
            f"hydra.run.dir={folder} has files of a run, such as {found.relative_to(folder)}, and no {FILE} with which "
            "it could continue; name another folder"
        )


def is_further_rank() -> bool:
    """Return whether this process is one of several of a run, and not the first."""
    return any(os.environ.get(name, "0") not in ("", "0") for name in ("RANK", "LOCAL_RANK", "SLURM_PROCID"))


def record_to_resume(resume: str) -> RunRecord:
    """Return the record of the run folder or the checkpoint that `resume=` names."""
    path = Path(resume).expanduser()
    return RunRecord.read(path, "resume") if path.is_dir() else _of_file(path)


def _in_own_folder(words: list[str], run: Path, folder: str | None) -> Words:
    record = RunRecord.read(run, "resume")
    if folder and Path(folder).resolve() != run.resolve():
        raise ValueError(
            f"resume={run} continues in its own folder, and hydra.run.dir={folder} is another; leave it out, or resume "
            f"from one of the files in {run / 'checkpoints'}"
        )
    refuse_links(run, "resume")
    if not is_further_rank():
        hold(run, "resume")
    typed = [word for word in without_the_run_s_own(words, record, str(run)) if not word.startswith("hydra.run.dir=")]
    own = [f"hydra.run.dir={in_quotes(str(run.absolute()))}", "hydra.output_subdir=null"]
    return Words(_with_first(typed, own[:1]), _after_recorded(typed, record, own))


def _of_file(file: Path) -> RunRecord:
    if not file.is_file():
        raise ValueError(f"resume must be a run folder, a checkpoint or auto; {absent('resume', file)}")
    from gan_lightning.callbacks.checkpoint_io import checkpoint_named_by

    if (file.absolute().parent.parent / FILE).is_file():
        refuse_links(file.absolute().parent.parent, "resume")
    return RunRecord.of_checkpoint(checkpoint_named_by("resume", file), f"resume: {file}")


def _automatic(words: list[str], folder: Path | None) -> tuple[str | None, list[str]]:
    """Return the newest unfinished run of an equal configuration that nobody writes, and what sets its new limits.

    Where there is no such run, the first is None; a run in `folder` without any checkpoint may then start again.
    """
    config = _composed(words)
    place = folder or Path(config.hydra.run.dir).parent
    wanted = as_recorded(config)
    limits = {key: wanted["trainer"].get(key) for key in LIMITS}
    finished = None
    for run in _runs(place, is_run=folder is not None):
        if is_held_elsewhere(run) and not is_further_rank():
            if folder:
                hold(run, "hydra.run.dir")
            continue
        try:
            record = RunRecord.read(run, "resume")
            is_equal = are_equal(record.config, wanted)
        except (ValueError, KeyError):  # of an earlier version, or damaged
            continue
        if folder and not is_equal:
            raise ValueError(
                f"hydra.run.dir={folder} has a run of another configuration; name another folder, or continue that run "
                f"with resume={folder}"
            )
        if not is_equal:
            continue
        if folder and not is_further_rank():
            hold(run, "hydra.run.dir")
        if not any((run / "checkpoints").glob("*.ckpt")):  # killed before its first checkpoint
            continue
        try:
            from gan_lightning.config.runs import checkpoint_of, work_left

            is_unfinished = work_left(checkpoint_of(str(run), "resume"), **limits)
        except ValueError as error:
            if folder:
                raise
            print(f"resume=auto: {run} is left out: {error}", file=sys.stderr)
            continue
        if is_unfinished:
            print(f"resume=auto continues {run}", file=sys.stderr)
            return str(run), _changed(limits, record.config["trainer"])
        finished = finished or run
    if finished:
        print(f"resume=auto: {finished} is finished; nothing is left to do", file=sys.stderr)
        raise SystemExit(0)
    print(f"resume=auto finds no run to continue in {place}; a new one begins", file=sys.stderr)
    return None, []


def _changed(limits: Mapping[str, Any], recorded: Mapping[str, Any]) -> list[str]:
    """Return overrides for the limits that a continued run does not have yet."""
    new = {key: limit for key, limit in limits.items() if limit != recorded.get(key)}
    return [
        f"++trainer.{key}={'null' if limit is None else in_quotes(str(limit)) if isinstance(limit, str) else limit}"
        for key, limit in new.items()
    ]


def _after_recorded(words: Sequence[str], record: RunRecord, own: Sequence[str] = ()) -> list[str]:
    """Return the words behind those that compose the configuration of a record, with `resume=` between them."""
    with searching(config_dir(words)):
        recorded = words_of(record, list(filter(_is_override, words)), "resume")
    resume = [word for word in words if word.startswith("resume=")]
    return _with_first([word for word in words if word not in resume], [*recorded, *own, *resume])


def _with_first(words: Sequence[str], own: Sequence[str]) -> list[str]:
    """Return the words with others before the first override, because argparse takes all overrides in one place."""
    place = next((number for number, word in enumerate(words) if _is_override(word)), len(words))
    return [*words[:place], *own, *words[place:]]


def _is_override(word: str) -> bool:
    """Return whether a word is an override, and neither a flag nor what follows one."""
    return not word.startswith("-") and ("=" in word or word.startswith("~"))


def _runs(place: Path, is_run: bool) -> Iterator[Path]:
    """Yield run folders, the newest first: the place itself or those in it."""
    folders = [place] if is_run else list(place.iterdir()) if place.is_dir() else []
    runs = [folder for folder in folders if (folder / FILE).is_file()]

    def changed(run: Path) -> float:
        checkpoints = run / "checkpoints"
        return (checkpoints if checkpoints.is_dir() else run).stat().st_mtime

    yield from sorted(runs, key=changed, reverse=True)


def _composed(words: Sequence[str]) -> Any:
    """Return the configuration of a command line, with Hydra's own settings."""
    own = [word for word in words if _is_override(word) and not word.startswith("resume=")]
    with searching(config_dir(words)):
        config = composed(own, with_hydra=True)
    HydraConfig.instance().set_config(config)
    return config


def _folder(words: Sequence[str]) -> str | None:
    """Return the run folder that was typed, its interpolations resolved; None if there is none."""
    folder = _value(words, "hydra.run.dir")
    return str(_composed(words).hydra.run.dir) if folder and "${" in folder else folder


def _value(words: Sequence[str], key: str) -> str | None:
    """Return the last value of a key, without quotes; None if it is not given or null."""
    found = [word.partition("=")[2] for word in words if word.startswith(f"{key}=")]
    if not found or found[-1] == "null":
        return None
    value = found[-1]
    quote = value[:1]
    if quote not in ("'", '"') or value[-1:] != quote:  # Lightning quotes what further ranks are given
        return value
    return value[1:-1].replace(f"\\{quote}", quote).replace("\\\\", "\\")
