"""The launcher of sweeps: each job is a fresh process, started as a plain run in its own sub-folder.

A job's crash, GPU memory and processes therefore do not affect the other jobs. Several devices work as in a single
run: Lightning starts the other ranks by repeating the command line, which must not be that of a sweep.

A job has a process group of its own, so that Ctrl-C comes to the sweep alone, which hands it to the job once.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, ModuleType

from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus, configure_log, filter_overrides, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict

from gan_lightning import signals
from gan_lightning.config.run_folders import is_run
from gan_lightning.config.sweeps import CheckedSweeper
from gan_lightning.reports.differences import by_key, differences, text

PATIENCE = 15
"""Seconds that a job may take to end after a second Ctrl-C."""
NOT_INHERITED = {"LOCAL_RANK", "NODE_RANK", "WORLD_SIZE", "GROUP_RANK", "PL_GLOBAL_SEED", "HYDRA_FULL_ERROR"}
"""Environment variables that describe this process and must not be passed to a job's process."""
PACKAGES = str(Path(__file__).resolve().parents[1])
IMPORTS = {"PYTHONSAFEPATH": "1"}
"""Environment variables with which a job imports this package, and nothing from the working directory."""
if PACKAGES not in sys.path:
    IMPORTS["PYTHONPATH"] = os.pathsep.join(filter(None, (PACKAGES, os.environ.get("PYTHONPATH"))))


class SubprocessLauncher(Launcher):
    """Runs jobs one after another; if one fails, the others still run, and the sweep's exit code is 1.

    A signal that asks for a stop ends the job at hand as it would end a run, and no further job is started.
    """

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.context, self.config = hydra_context, config
        self.stopped_by, self.pending = 0, list[int]()
        self.job: subprocess.Popen | None = None

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        from gan_lightning.reports import sweep_table  # rich takes a while, and only sweeps need it here

        setup_globals()
        configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)
        count, place = len(job_overrides), Path(self.config.hydra.sweep.dir)
        own = differences([by_key(filter_overrides(job)) for job in job_overrides])
        numbered = enumerate(zip(job_overrides, own, strict=True), initial_job_idx)
        configs = [self._composed(list(job), number, values) for number, (job, values) in numbered]
        folders = [Path(config.hydra.sweep.dir, config.hydra.sweep.subdir) for config in configs]
        for config, folder in zip(configs, folders, strict=True):
            if not config.get("resume") and is_run(folder):
                raise ValueError(
                    f"hydra.sweep.dir={place} has a run already, in {folder.name}; name another folder, or type "
                    "resume=auto beside the same swept values to continue that sweep"
                )
        place.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(self.config, place / "multirun.yaml")
        _say(_heading(job_overrides, str(place)))
        ended = []
        with signals.answered_by(self._hand_on), self._patience():
            for number, (job, config, folder) in enumerate(zip(job_overrides, configs, folders, strict=True)):
                if self.stopped_by:
                    break
                name = text(own[number])
                _say(f"job {number + 1} of {count}" + (f": {name}" if name else ""))
                code = self._run(job, config, folder)
                outcome = "finished" if code == 0 else "stopped" if self.stopped_by else "failed"
                follow = OmegaConf.select(config, "callbacks.scores.follow")
                ended.append(sweep_table.Job(name, folder, outcome, follow))
        sweep_table.show(ended, count, str(place), is_stopped=bool(self.stopped_by))
        if self.stopped_by:
            raise SystemExit(128 + self.stopped_by)
        if any(job.outcome == "failed" for job in ended):
            raise SystemExit(1)
        return [_returned(job, config) for job, config in zip(job_overrides, configs, strict=True)]

    def _composed(self, overrides: list[str], number: int, values: Mapping[str, str]) -> DictConfig:
        config = self.context.config_loader.load_sweep_config(self.config, overrides)
        with open_dict(config):
            config.hydra.job.id, config.hydra.job.num = str(number), number
            config.hydra.job.override_dirname = ",".join(f"{key}={value}" for key, value in values.items())
        return config

    def _started(self, overrides: Sequence[str], config: DictConfig, folder: Path) -> subprocess.Popen:
        """Start a job's process in its folder, with the folders of YAML files that the sweep has."""
        sources = [each.path for each in config.hydra.runtime.config_sources if each.provider == "command-line"]
        start = [sys.executable, "-m", "gan_lightning", self.config.hydra.job.name]
        own = [*(f"--config-dir={path}" for path in sources), f"hydra.run.dir='{_quoted(folder.absolute())}'"]
        environment = {key: value for key, value in os.environ.items() if key not in NOT_INHERITED}
        environment |= {signals.SWEEP: str(os.getpid()), **IMPORTS}
        return subprocess.Popen([*start, *filter_overrides(overrides), *own], env=environment, process_group=0)

    def _run(self, overrides: Sequence[str], config: DictConfig, folder: Path) -> int:
        """Run a job, and return its exit code."""
        self.job = self._started(overrides, config, folder)
        try:
            self._deliver()  # what has come before the job could be told
            return self.job.wait()
        finally:
            signal.alarm(0)
            self.job = None

    def _hand_on(self, number: int, frame: FrameType | None) -> None:
        """Answer a signal that asks for a stop: the job at hand gets it, and no further one starts."""
        if number == signal.SIGINT == self.stopped_by:
            signal.alarm(PATIENCE)
        self.stopped_by = number
        self.pending.append(number)
        self._deliver()

    def _deliver(self) -> None:
        while self.job and self.pending:
            self.job.send_signal(self.pending.pop(0))

    @contextmanager
    def _patience(self) -> Iterator[None]:
        """End a job by force where its patience is over."""

        def end(*_: object) -> None:
            if self.job:
                self.job.kill()

        before = signal.signal(signal.SIGALRM, end)
        try:
            yield
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before)


def _heading(jobs: Sequence[Sequence[str]], folder: str) -> str:
    """Return how many jobs a sweep has, where, and which overrides all of them have."""
    shared = [word for word in filter_overrides(jobs[0]) if all(word in job for job in jobs)]
    count = "1 job" if len(jobs) == 1 else f"{len(jobs)} jobs"
    return f"sweep of {count} in {folder}" + (f": {' '.join(shared)}" if shared else "")


def _returned(overrides: Sequence[str], config: DictConfig) -> JobReturn:
    """Return what Hydra is told of a job; its value is asked for only if all have finished."""
    result = JobReturn(overrides=overrides, cfg=config, hydra_cfg=OmegaConf.create({"hydra": config.hydra}))
    result.status, result.return_value = JobStatus.COMPLETED, None
    return result


def _say(line: str) -> None:
    print(line, flush=True)


def _quoted(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace("'", "\\'")


def register(make: Callable[[DictConfig, str], None]) -> None:
    """Register launcher and sweeper with Hydra, which accepts only plugins from modules below `hydra_plugins`.

    The classes therefore get the module name that `_target_` in conf/hydra has.

    Args:
        make: makes the parts of a job from its configuration and the name of its command, to find what is wrong.
    """
    CheckedSweeper.make = staticmethod(make)  # type: ignore[method-assign, assignment]
    plugins = Plugins.instance()  # the installed plugins have been searched from here on
    namespace = sys.modules.setdefault("hydra_plugins", ModuleType("hydra_plugins"))
    this = sys.modules[__name__]
    sys.modules["hydra_plugins.gan_lightning"] = this
    namespace.__dict__["gan_lightning"] = this
    for plugin in (SubprocessLauncher, CheckedSweeper):
        plugin.__module__ = "hydra_plugins.gan_lightning"
        plugins.register(plugin)
