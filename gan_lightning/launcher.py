"""The launcher of sweeps: each job is a fresh process, started as a plain run in its own sub-folder.

A job's crash, GPU memory and processes therefore do not affect the other jobs. Several devices work as in a single
run: Lightning starts the other ranks by repeating the command line, which must not be that of a sweep.

A job has a process group of its own, so that Ctrl-C comes to the sweep alone, which hands it to the job once.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType, ModuleType

from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus, configure_log, filter_overrides, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict

from gan_lightning import signals

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
        self.stopped_by = 0

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        setup_globals()
        configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)
        common = set.intersection(*map(set, job_overrides)) if len(job_overrides) > 1 else set()
        done: list[JobReturn] = []
        for number, job in enumerate(job_overrides):
            done.append(self._run(list(job), initial_job_idx + number, common))
            if self.stopped_by:
                whole = sum(each.status is JobStatus.COMPLETED for each in done)
                print(
                    f"sweep stopped: {whole} of {len(job_overrides)} jobs finished, {len(done) - whole} stopped "
                    f"or failed, {len(job_overrides) - len(done)} not started",
                    flush=True,
                )
                raise SystemExit(128 + self.stopped_by)
        return done

    def _run(self, overrides: list[str], number: int, common: set[str]) -> JobReturn:
        config = self.context.config_loader.load_sweep_config(self.config, overrides)
        with open_dict(config):
            config.hydra.job.id, config.hydra.job.num = str(number), number
            # Names are cut, so what distinguishes this job from the others comes first.
            own_first = sorted(filter_overrides(overrides), key=common.__contains__)
            config.hydra.job.override_dirname = ",".join(own_first)
        folder = Path(config.hydra.sweep.dir, config.hydra.sweep.subdir).absolute()
        print(f"[{number}] {' '.join(filter_overrides(overrides))} -> {folder}", flush=True)
        own = f"hydra.run.dir='{_quoted(folder)}'"
        start = [sys.executable, "-m", "gan_lightning", self.config.hydra.job.name]
        environment = {key: value for key, value in os.environ.items() if key not in NOT_INHERITED}
        environment |= {signals.SWEEP: str(os.getpid()), **IMPORTS}
        job = subprocess.Popen([*start, *filter_overrides(overrides), own], env=environment, process_group=0)
        code = self._wait(job)
        result = JobReturn(overrides=overrides, cfg=config, hydra_cfg=OmegaConf.create({"hydra": config.hydra}))
        result.status = JobStatus.COMPLETED if code == 0 else JobStatus.FAILED
        result.return_value = None if code == 0 else SystemExit(1)
        return result

    def _wait(self, job: subprocess.Popen) -> int:
        """Return a job's exit code; signals that ask for a stop are handed to it."""

        def hand_on(number: int, frame: FrameType | None) -> None:
            if number == signal.SIGINT == self.stopped_by:
                signal.alarm(PATIENCE)
            self.stopped_by = number
            job.send_signal(number)

        with signals.answered_by(hand_on):
            before = signal.signal(signal.SIGALRM, lambda *_: job.kill())
            try:
                return job.wait()
            finally:
                signal.alarm(0)
                signal.signal(signal.SIGALRM, before)


def _quoted(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace("'", "\\'")


def register() -> None:
    """Register the launcher with Hydra, which accepts only plugins from modules below `hydra_plugins`.

    The class therefore gets the module name that `_target_` in conf/hydra/launcher has.
    """
    plugins = Plugins.instance()  # the installed plugins have been searched from here on
    namespace = sys.modules.setdefault("hydra_plugins", ModuleType("hydra_plugins"))
    this = sys.modules[__name__]
    SubprocessLauncher.__module__ = "hydra_plugins.gan_lightning"
    sys.modules[SubprocessLauncher.__module__] = this
    namespace.__dict__["gan_lightning"] = this
    plugins.register(SubprocessLauncher)
