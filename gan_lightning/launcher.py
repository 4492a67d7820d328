"""The sweep launcher: each job is a fresh process, started as a plain run in its own sub-folder.

So a job's crash, its GPU memory and its processes are its own, and several devices work as in a single run: Lightning
starts the other ranks by repeating the command line, which must not be a sweep's.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus, configure_log, filter_overrides, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict

RANKS = {"LOCAL_RANK", "NODE_RANK", "WORLD_SIZE", "GROUP_RANK", "PL_GLOBAL_SEED"}


class SubprocessLauncher(Launcher):
    """Runs jobs one after another; a failed one does not stop the others, and the sweep then exits with 1."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.context, self.config = hydra_context, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        setup_globals()
        configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)
        return [self._run(list(overrides), initial_job_idx + n) for n, overrides in enumerate(job_overrides)]

    def _run(self, overrides: list[str], number: int) -> JobReturn:
        config = self.context.config_loader.load_sweep_config(self.config, overrides)
        with open_dict(config):
            config.hydra.job.id, config.hydra.job.num = str(number), number
        folder = Path(config.hydra.sweep.dir, config.hydra.sweep.subdir).absolute()
        print(f"[{number}] {' '.join(filter_overrides(overrides))} -> {folder}", flush=True)
        own = f"hydra.run.dir='{_quoted(folder)}'"
        command = [sys.executable, "-m", "gan_lightning", self.config.hydra.job.name, *filter_overrides(overrides), own]
        environment = {key: value for key, value in os.environ.items() if key not in RANKS}
        code = subprocess.run(command, env=environment, check=False).returncode
        result = JobReturn(overrides=overrides, cfg=config, hydra_cfg=OmegaConf.create({"hydra": config.hydra}))
        result.status = JobStatus.COMPLETED if code == 0 else JobStatus.FAILED
        result.return_value = None if code == 0 else SystemExit(code)
        return result


def _quoted(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace("'", "\\'")


def register() -> None:
    """Hand the launcher to Hydra, under the name in conf/hydra/launcher: it takes plugins of its own namespace only."""
    SubprocessLauncher.__module__ = "hydra_plugins.gan_lightning"
    Plugins.instance().register(SubprocessLauncher)
