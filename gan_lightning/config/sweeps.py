"""The jobs of a sweep, all of which are checked before a folder is made and the first of them starts."""

from collections.abc import Mapping, Sequence
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
from gan_lightning.config.errors import USER_ERRORS, sentence
from gan_lightning.reports.differences import by_key, differences, text


class CheckedSweeper(Sweeper):
    """Sweeps over every combination; if one of the jobs is wrong, none starts and no folder is made.

    Args:
        params: what is swept besides the command line, by key; the values are separated by commas.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.params = params

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.loader, self.master = hydra_context.config_loader, config
        self.runner = Plugins.instance().instantiate_launcher(hydra_context, task_function, config)

    def sweep(self, arguments: Sequence[str]) -> Sequence[JobReturn]:
        """Check all jobs, then hand them to the launcher.

        Raises:
            ValueError: if a job is wrong; the message names it by what distinguishes it.
            SystemExit: with the launcher's code if a job has failed.
        """
        words = [*(f"{key}={value}" for key, value in self.params.items()), *arguments]
        overrides = OverridesParser.create(config_loader=self.loader).parse_overrides(words)
        (jobs,) = BasicSweeper.split_arguments(overrides, None)
        check(self.loader, self.master, jobs)
        folder = Path(self.master.hydra.sweep.dir)
        folder.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(self.master, folder / "multirun.yaml")
        done = self.runner.launch(jobs, initial_job_idx=0)
        for job in done:
            _ = job.return_value  # raises what a job has raised
        return done


def check(loader: ConfigLoader, master: DictConfig, jobs: Sequence[Sequence[str]]) -> None:
    """Check what signatures tell about the jobs of a sweep.

    Args:
        loader: composes configurations.
        master: the configuration of the sweep.
        jobs: the overrides of each job.

    Raises:
        ValueError: if a job is wrong; the message says which, and what is wrong with it.
    """
    setup_globals()
    before = HydraConfig.instance().cfg
    errors = {}
    for number, job in enumerate(jobs):
        if error := _error(loader, master, job):
            errors[number] = error
    HydraConfig.instance().cfg = before
    found: dict[str, list[int]] = {}
    for number, error in errors.items():
        found.setdefault(sentence(error, CONF, master.hydra.job.config_name), []).append(number)
    own = differences(list(map(by_key, jobs)))
    parts = [
        said if len(numbers) == len(jobs) else f"{_named(numbers, own)}: {said}" for said, numbers in found.items()
    ]
    if parts:
        raise ValueError("; ".join([*parts, "no job is started"] if len(jobs) > 1 else parts))


def _error(loader: ConfigLoader, master: DictConfig, job: Sequence[str]) -> Exception | None:
    try:
        config = loader.load_sweep_config(master, list(job))
        with read_write(config.hydra), open_dict(config):
            config.hydra.runtime.output_dir = str(Path(master.hydra.sweep.dir).absolute())
            HydraConfig.instance().set_config(config)
            del config["hydra"]
            if config.get("resume") == "auto":  # the job itself looks for the run
                config.resume = None
        checked(config, master.hydra.job.name)
    except USER_ERRORS as error:
        return error
    return None


def _named(numbers: Sequence[int], own: Sequence[dict[str, str]]) -> str:
    """Return jobs as their numbers, counted from 1, and what they have in common that others have not."""
    first = own[numbers[0]].items()
    values = text({key: value for key, value in first if all(own[number].get(key) == value for number in numbers)})
    counted = [str(number + 1) for number in numbers]
    several = f"jobs {', '.join(counted[:-1])} and {counted[-1]}" if len(counted) > 1 else f"job {counted[0]}"
    return ", ".join(filter(None, (f"{several} of {len(own)}", values)))
