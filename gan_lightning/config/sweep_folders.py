"""Folders of a sweep's jobs: a job that has a run in the sweep's folder keeps it, and a new one gets a new number."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_lightning.config.equality import are_equal, comparable
from gan_lightning.config.record import RunRecord
from gan_lightning.config.resolvers import folder_name
from gan_lightning.config.run_folders import in_order, leaves
from gan_lightning.reports.differences import by_key, differences, text

OF_NO_NUMBER = ("trainer", "callbacks", "logger", "metric", "metrics", "extractor")
"""First words of keys in which runs of an equal configuration may differ, unless they are swept."""
SHOWN = 3
"""How many values are named in which a run differs from the job of its name."""
Plain = dict[str, Any]


@dataclass(frozen=True)
class Home:
    """Where a job runs.

    Args:
        number: the number in its folder's name, counted from 0.
        values: what distinguishes it, which is also in the name.
        folder: the folder that it has already; None for a new job.
    """

    number: int
    values: Mapping[str, str]
    folder: Path | None = None


@dataclass(frozen=True, eq=False)
class _Known:
    """A folder in that of a sweep; without a record that can be read, its configuration is None, and nothing typed."""

    folder: Path
    config: Plain | None
    typed: Mapping[str, str]

    @property
    def name(self) -> str:
        """Its name without the number."""
        return re.sub(r"^\d+_?", "", self.folder.name)


def homes(place: Path, jobs: Sequence[Mapping[str, str]], configs: Sequence[Plain]) -> list[Home]:
    """Return where the jobs of a sweep run that continues in a folder, which may not be there yet.

    A job belongs to a run of an equal configuration, whatever its number. It keeps a folder of its name too whose run
    has not come as far as its record.

    Args:
        place: the folder of the sweep.
        jobs: the overrides of each job, by key.
        configs: the configuration of each job, as a run's record holds it.

    Raises:
        ValueError: if a folder has the name of a job, and the run of another configuration with the same seed.
    """
    folders = sorted(filter(Path.is_dir, place.iterdir()), key=in_order) if place.is_dir() else []
    known, own = [_read(folder) for folder in folders], differences(jobs)
    beside = differences([*jobs, *(_as_beside(run.typed, jobs[0]) for run in known if run.config)])
    names = [{_name(own[at]), _name(beside[at])} for at in range(len(jobs))]
    swept = [
        key for key in dict.fromkeys(key for job in jobs for key in job) if len({job.get(key) for job in jobs}) > 1
    ]
    pairs = [
        (run.name not in names[at], at, number)
        for number, run in enumerate(known)
        for at, (job, config) in enumerate(zip(jobs, configs, strict=True))
        if _belongs(run, job, config, swept)
    ]
    found: dict[int, _Known] = {}
    for _, at, number in sorted(pairs):  # first those of the same name
        if at not in found and known[number] not in found.values():
            found[at] = known[number]
    for at in (at for at in range(len(jobs)) if at not in found):
        left = [run for run in known if run not in found.values()]
        if begun := [run for run in left if run.config is None and run.name in names[at]]:
            found[at] = begun[0]
        elif others := [run for run in left if run.config and run.name == _name(own[at]) != ""]:
            _refuse_another(others[0], place, configs[at], text(own[at]))
    taken = {in_order(folder)[0] - 1 for folder in folders}
    settled = []
    for at in range(len(jobs)):
        if run := found.get(at):
            settled.append(Home(at, own[at], run.folder))
        else:
            number = max(taken) + 1 if at in taken else at
            taken.add(number)
            settled.append(Home(number, beside[at]))
    return settled


def _read(folder: Path) -> _Known:
    try:
        record = RunRecord.read(folder, "resume")
    except (ValueError, OSError):  # none yet, damaged, or of an earlier version
        return _Known(folder, None, {})
    return _Known(folder, record.config, by_key([word for part in record.parts for word in part.overrides]))


def _as_beside(typed: Mapping[str, str], job: Mapping[str, str]) -> dict[str, str]:
    """Return what was typed for a run, with a job's own words where a difference would be none of the runs."""
    kept = {key: value for key, value in typed.items() if not _is_aside(key)}
    return kept | {key: value for key, value in job.items() if _is_aside(key)}


def _is_aside(key: str) -> bool:
    return key.split(".")[0] in (*OF_NO_NUMBER, "resume")


def _name(values: Mapping[str, str]) -> str:
    """Return the name of a job's folder without its number."""
    return folder_name(0, ",".join(f"{key}={value}" for key, value in values.items())).partition("_")[2]


def _belongs(run: _Known, job: Mapping[str, str], config: Plain, swept: Sequence[str]) -> bool:
    """Return whether a run is that of a job: equal, also in swept values that do not change a run's numbers."""
    if run.config is None or not are_equal(run.config, config):
        return False
    for key in filter(_is_aside, swept):
        mine, its = _at(config, key), _at(run.config, key)
        if isinstance(mine, dict) or (mine is its is None):  # an option of a group
            mine, its = job.get(key), run.typed.get(key)
        if mine != its:
            return False
    return True


def _at(config: Any, key: str) -> Any:
    """Return the value of a key, such as `trainer.max_steps`; None if there is none."""
    for word in key.split("."):
        config = config.get(word) if isinstance(config, dict) else None
    return config


def _refuse_another(run: _Known, place: Path, config: Plain, name: str) -> None:
    """Refuse a folder that has the name of a job and another run, unless the runs are two seeds.

    Raises:
        ValueError: with the values in which they differ.
    """
    assert run.config
    if run.config.get("seed") != config.get("seed"):
        return
    roots = ({"data.root": str(each["data"].get("root"))} for each in (config, run.config))
    mine, its = (dict(leaves(comparable(each), "")) | next(roots) for each in (config, run.config))
    keys = [key for key in dict.fromkeys([*its, *mine]) if its.get(key) != mine.get(key)]
    values = ", ".join(
        f"{key} is {its.get(key, 'none')} there and {mine.get(key, 'none')} here" for key in keys[:SHOWN]
    )
    raise ValueError(
        f"hydra.sweep.dir={place} has a run of another configuration in {run.folder.name}: {values}; type what that "
        "sweep had to continue it, or name another folder"
    )
