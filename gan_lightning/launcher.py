"""The launcher of sweeps: each job is a fresh process, started as a plain run in its own sub-folder.

A job's crash, GPU memory and processes therefore do not affect the other jobs. Several devices work as in a single
run: Lightning starts the other ranks by repeating the command line, which must not be that of a sweep.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus, configure_log, filter_overrides, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict

NOT_INHERITED = {"LOCAL_RANK", "NODE_RANK", "WORLD_SIZE", "GROUP_RANK", "PL_GLOBAL_SEED", "HYDRA_FULL_ERROR"}
"""Environment variables that describe this process and must not be passed to a job's process."""


class SubprocessLauncher(Launcher):
    """Runs jobs one after another; if one fails, the others still run, and the sweep's exit code is 1."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.context, self.config = hydra_context, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        setup_globals()
        configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)
        common = set.intersection(*map(set, job_overrides)) if len(job_overrides) > 1 else set()
        return [self._run(list(job), initial_job_idx + n, common) for n, job in enumerate(job_overrides)]

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
        code = subprocess.run([*start, *filter_overrides(overrides), own], env=environment, check=False).returncode
        result = JobReturn(overrides=overrides, cfg=config, hydra_cfg=OmegaConf.create({"hydra": config.hydra}))
        result.status = JobStatus.COMPLETED if code == 0 else JobStatus.FAILED
        result.return_value = None if code == 0 else SystemExit(1)
        return result


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
