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
from copy import deepcopy
from pathlib import Path
from time import monotonic
from types import FrameType, ModuleType

from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus, configure_log, filter_overrides, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict

from gan_lightning import signals
from gan_lightning.config import sweep_folders
from gan_lightning.config.equality import as_recorded
from gan_lightning.config.run_folders import in_order, is_run
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

    typed: Sequence[str] = ()
    """The command line without the program, which the command line puts here."""
    configs: Sequence[DictConfig] = ()
    """The configuration of each job, with Hydra's own settings, which the sweeper has checked and puts here."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.config = config
        self.stopped_by, self.pending = 0, list[int]()
        self.job: subprocess.Popen | None = None

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        from gan_lightning.reports import sweep_table  # rich takes a while, and only sweeps need it here

        setup_globals()
        configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)
        count, place = len(job_overrides), Path(self.config.hydra.sweep.dir)
        typed = [by_key(filter_overrides(job)) for job in job_overrides]
        homes = _homes(place, typed, self.configs, initial_job_idx)
        folders = [_placed(place, *each) for each in zip(self.configs, homes, strict=True)]
        is_training = self.config.hydra.job.name == "train"
        there_already = sorted(filter(is_run, place.iterdir()), key=in_order) if is_training and place.is_dir() else []
        if there_already and not all(config.get("resume") for config in self.configs):
            raise ValueError(
                f"hydra.sweep.dir={place} has runs already, such as {there_already[0].name}; type resume=auto to "
                "continue that sweep, also with further values, or name another folder"
            )
        place.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(self.config, place / "multirun.yaml")
        _say(_heading(job_overrides, str(place)))
        if there := sum(home.folder is not None for home in homes):
            _say(f"{there} of {count} {'is' if there == 1 else 'are'} there already")
        own, ended = differences(typed), []
        with signals.answered_by(self._hand_on), self._patience():
            for number, (job, config, folder) in enumerate(zip(job_overrides, self.configs, folders, strict=True)):
                if self.stopped_by:
                    break
                name = text(own[number])
                _say(f"job {number + 1} of {count}" + (f": {name}" if name else ""))
                began = monotonic()
                code = self._run(job, config, folder)
                outcome = "finished" if code == 0 else "stopped" if self.stopped_by else "failed"
                follow = OmegaConf.select(config, "callbacks.scores.follow")
                ended.append(sweep_table.Job(name, folder, outcome, follow, monotonic() - began))
        typed_again = _to_continue(self.typed, place) if is_training else []
        sweep_table.show(ended, count, str(place), bool(self.stopped_by), typed_again)
        if self.stopped_by:
            raise SystemExit(128 + self.stopped_by)
        if any(job.outcome == "failed" for job in ended):
            raise SystemExit(1)
        return [_returned(job, config) for job, config in zip(job_overrides, self.configs, strict=True)]

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


def _homes(
    place: Path, typed: Sequence[Mapping[str, str]], configs: Sequence[DictConfig], first: int
) -> Sequence[sweep_folders.Home]:
    """Return where the jobs of a sweep run; one that continues looks for their runs in its folder."""
    if not any(config.get("resume") for config in configs):
        return [sweep_folders.Home(number, values) for number, values in enumerate(differences(typed), first)]
    before, recorded = HydraConfig.instance().cfg, []
    for config in map(deepcopy, configs):
        HydraConfig.instance().set_config(config)
        recorded.append(as_recorded(config))
    HydraConfig.instance().cfg = before
    return sweep_folders.homes(place, typed, recorded)


def _placed(place: Path, config: DictConfig, home: sweep_folders.Home) -> Path:
    """Return the folder of a job below a sweep's; the job's configuration gets its number and what distinguishes it."""
    with open_dict(config):
        config.hydra.sweep.dir = str(place)  # which may be named after the time of day
        config.hydra.job.id, config.hydra.job.num = str(home.number), home.number
        config.hydra.job.override_dirname = ",".join(f"{key}={value}" for key, value in home.values.items())
    return home.folder or Path(place, config.hydra.sweep.subdir)


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


def _to_continue(typed: Sequence[str], place: Path) -> list[str]:
    """Return the command line that continues a sweep of training in its folder."""
    words = [word for word in typed[typed[:1] == ["train"] :] if word not in ("-m", "--multirun")]
    kept = [word for word in words if not word.lstrip("+").startswith(("resume=", "hydra.sweep.dir="))]
    return ["gan-lightning", "-m", "resume=auto", *kept, f"hydra.sweep.dir={place}"]


def register(make: Callable[[DictConfig, str], None], typed: Sequence[str]) -> None:
    """Register launcher and sweeper with Hydra, which accepts only plugins from modules below `hydra_plugins`.

    The classes therefore get the module name that `_target_` in conf/hydra has.

    Args:
        make: makes the parts of a job from its configuration and the name of its command, to find what is wrong.
        typed: the command line without the program, to say how a sweep continues.
    """
    CheckedSweeper.make = staticmethod(make)  # type: ignore[method-assign, assignment]
    SubprocessLauncher.typed = typed
    plugins = Plugins.instance()  # the installed plugins have been searched from here on
    namespace = sys.modules.setdefault("hydra_plugins", ModuleType("hydra_plugins"))
    this = sys.modules[__name__]
    sys.modules["hydra_plugins.gan_lightning"] = this
    namespace.__dict__["gan_lightning"] = this
    for plugin in (SubprocessLauncher, CheckedSweeper):
        plugin.__module__ = "hydra_plugins.gan_lightning"
        plugins.register(plugin)
