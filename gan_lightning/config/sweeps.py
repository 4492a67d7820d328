"""The jobs of a sweep, all of which are checked before a folder is made and the first of them starts."""

import json
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_loader import ConfigLoader
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, setup_globals
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from gan_lightning.config.checks import checked
from gan_lightning.config.composition import CONF
from gan_lightning.config.equality import with_equal_numbers
from gan_lightning.config.errors import USER_ERRORS, WrongJobsError, sentence
from gan_lightning.reports.differences import by_key, differences, text

MOST = 6
"""How many jobs with the same mistake are named by their numbers, or the rest by its count."""


class CheckedSweeper(Sweeper):
    """Sweeps over every combination; if one of the jobs is wrong, none starts and no folder is made.

    Args:
        params: what is swept besides the command line, by key; the values are separated by commas.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.params = params

    @staticmethod
    def make(config: DictConfig, command: str) -> None:
        """Make the parts of a job, to find what is wrong with them; the command line puts its own function here."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.loader, self.master = hydra_context.config_loader, config
        self.runner: Any = Plugins.instance().instantiate_launcher(hydra_context, task_function, config)

    def sweep(self, arguments: Sequence[str]) -> Sequence[JobReturn]:
        """Check all jobs, then hand them to the launcher.

        Raises:
            ValueError: if no key has several values, or a job is wrong; the message names it by what distinguishes it.
            SystemExit: with the launcher's code if a job has failed.
        """
        words = [*(f"{key}={value}" for key, value in self.params.items()), *arguments]
        overrides = OverridesParser.create(config_loader=self.loader).parse_overrides(words)
        if not any(override.is_sweep_override() for override in overrides):
            raise ValueError("-m needs a key of several values, one for each run; type -m seed=0,1, or leave -m out")
        (jobs,) = BasicSweeper.split_arguments(overrides, None)
        self.runner.configs = check(self.loader, self.master, jobs, self.make)
        done = self.runner.launch(jobs, initial_job_idx=0)
        for job in done:
            _ = job.return_value  # raises what a job has raised
        return done


def check(
    loader: ConfigLoader, master: DictConfig, jobs: Sequence[Sequence[str]], make: Callable[[DictConfig, str], None]
) -> list[DictConfig]:
    """Check the jobs of a sweep: first what signatures tell of all of them, then whether their parts can be made.

    Returns the configuration of each job, with Hydra's own settings.

    Args:
        loader: composes configurations.
        master: the configuration of the sweep.
        jobs: the overrides of each job.
        make: makes the parts of a job from its configuration and the name of its command.

    Raises:
        ValueError: if a job is wrong; the message says which, and what is wrong with it.
    """
    setup_globals()
    before, told = HydraConfig.instance().cfg, _Told(master.hydra.job.config_name)
    whole: dict[int, DictConfig] = {}
    configs: dict[int, tuple[DictConfig, Any]] = {}
    made: dict[str, str] = {}

    def compose(number: int) -> str:
        HydraConfig.instance().cfg = before
        whole[number] = loader.load_sweep_config(master, list(jobs[number]))
        config = _checked(deepcopy(whole[number]), master)
        configs[number] = config, HydraConfig.instance().cfg
        return ""

    def make_once(number: int) -> str:
        config, HydraConfig.instance().cfg = configs[number]
        own = OmegaConf.to_yaml(OmegaConf.masked_copy(config, [str(key) for key in config if key != "seed"]))
        if own not in made:
            made[own] = told.of(lambda: make(config, master.hydra.job.name))
        return made[own]

    try:
        for step in (compose, make_once):
            found: dict[str, list[int]] = {}
            for number in range(len(jobs)):
                if said := told.of(partial(step, number)):
                    found.setdefault(said, []).append(number)
            if found:
                raise WrongJobsError(_lines(found, jobs))
            if step is compose:
                _check_are_different([config for config, _ in configs.values()], jobs)
    finally:
        HydraConfig.instance().cfg = before
    return [whole[number] for number in range(len(jobs))]


def _check_are_different(configs: Sequence[DictConfig], jobs: Sequence[Sequence[str]]) -> None:
    """Check that no two jobs are one, as those of `seed=0,0` and of `scale=1,1.0` are.

    Raises:
        ValueError: for the first that is one with others.
    """
    alike: dict[str, list[int]] = {}
    for number, config in enumerate(configs):
        values = with_equal_numbers(OmegaConf.to_container(config))
        alike.setdefault(json.dumps(values, sort_keys=True, default=str), []).append(number)
    for numbers in alike.values():
        if len(numbers) > 1:
            own = differences(list(map(by_key, jobs)))
            typed = " and ".join(dict.fromkeys(text(own[number]) for number in numbers))
            said = f"{_named(numbers, [{} for _ in jobs])} are one and the same"
            raise WrongJobsError([f"{said}{typed and f': {typed}'}; leave one out", "no job is started"])


class _Told:
    """The sentences on errors of jobs, each of which is made once, because that may take a while.

    Args:
        primary: the name of the primary configuration.
    """

    def __init__(self, primary: str) -> None:
        self.primary, self.known = primary, dict[str, str]()

    def of(self, work: Callable[[], str | None]) -> str:
        """Return what the work returns; the sentence on its error if it raises one that users make."""
        try:
            return work() or ""
        except USER_ERRORS as error:
            # A sentence may name the options of the job that is at hand.
            choices = HydraConfig.get().runtime.choices if HydraConfig.initialized() else {}
            key = repr((type(error), str(error), sorted(choices.items(), key=str)))
            if key not in self.known:
                self.known[key] = sentence(error, CONF, self.primary)
            return self.known[key]


def _checked(config: DictConfig, master: DictConfig) -> DictConfig:
    """Return the configuration of a job without Hydra's own settings, checked as far as signatures tell."""
    with read_write(config.hydra), open_dict(config):
        config.hydra.runtime.output_dir = str(Path(master.hydra.sweep.dir).absolute())
        HydraConfig.instance().set_config(config)
        del config["hydra"]
        if config.get("resume") == "auto":  # the job itself looks for the run
            config.resume = None
    return checked(config, master.hydra.job.name)


def _lines(found: Mapping[str, Sequence[int]], jobs: Sequence[Sequence[str]]) -> list[str]:
    """Return a line for each sentence, with the jobs that it is about, whose numbers are counted from 0."""
    own = differences(list(map(by_key, jobs)))
    parts = [
        said if len(numbers) == len(jobs) else f"{_named(numbers, own)}: {said}" for said, numbers in found.items()
    ]
    is_whole = len({number for numbers in found.values() for number in numbers}) == len(jobs)
    remedy = "" if is_whole else "; leave the wrong ones out, or give them a sweep of their own"
    return [*parts, f"no job is started{remedy}"] if len(jobs) > 1 else parts


def _named(numbers: Sequence[int], own: Sequence[dict[str, str]]) -> str:
    """Return jobs as their numbers, counted from 1, and what they have in common that others have not."""
    first = own[numbers[0]].items()
    values = text({key: value for key, value in first if all(own[number].get(key) == value for number in numbers)})
    counted = [str(number + 1) for number in numbers]
    if len(counted) > MOST:
        counted = [*counted[: MOST - 1], f"{len(counted) - MOST + 1} more"]
    several = f"jobs {', '.join(counted[:-1])} and {counted[-1]}" if len(counted) > 1 else f"job {counted[0]}"
    return ", ".join(filter(None, (f"{several} of {len(own)}", values)))
