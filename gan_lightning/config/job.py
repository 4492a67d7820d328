"""A plain run of a command: Hydra composes its configuration, and makes its folder once nothing is found to be wrong.

`hydra.main` makes the folder, with `.hydra` in it, before the command has seen its configuration. Here the
configuration is composed, checked and turned into parts first, and then Hydra's own `run_job` makes the folder. Other
ways to start, such as sweeps and `--cfg`, are left to `hydra.main`.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from copy import deepcopy
from pathlib import Path

from hydra._internal.callbacks import Callbacks
from hydra._internal.utils import get_args_parser
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import configure_log, run_job
from hydra.types import HydraContext, RunMode
from hydra.version import setbase
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from gan_lightning import signals
from gan_lightning.config.composition import with_search_path

Prepare = Callable[[DictConfig], Callable[[], None]]
"""Checks a configuration and makes parts from it; returns what is done with them in the run folder."""
UNDERSTOOD = {"overrides", "run", "config_dir"}
"""What a command line of a plain run may have beside its command."""


def run(words: Sequence[str], primary: str, prepare: Prepare) -> bool:
    """Run a command once, and return whether that is what its command line asks for.

    Args:
        words: the command line, without the command.
        primary: the name of the primary configuration, without `.yaml`.
        prepare: what comes before the run folder is made.
    """
    parser = get_args_parser()
    typed = parser.parse_args(list(words))
    if any(value != parser.get_default(key) for key, value in vars(typed).items() if key not in UNDERSTOOD):
        return False
    setbase("1.3")
    try:
        hydra = with_search_path(typed.config_dir)
        if any(word.startswith("hydra.mode=") for word in typed.overrides):
            return False
        config = hydra.compose_config(primary, typed.overrides, RunMode.RUN, with_log_configuration=True)
        if config.hydra.mode == RunMode.MULTIRUN:
            return False
        config.hydra.mode = RunMode.RUN
        callbacks = Callbacks(config)
        callbacks.on_run_start(config=config, config_name=primary)
        work = prepare(_own(config))
        with _removed_if_unused(Path(config.hydra.runtime.output_dir)):
            done = run_job(
                task_function=lambda _: work(),
                config=config,
                job_dir_key="hydra.run.dir",
                job_subdir_key=None,
                hydra_context=HydraContext(config_loader=hydra.config_loader, callbacks=callbacks),
                configure_logging=False,
            )
        callbacks.on_run_end(config=config, config_name=primary, job_return=done)
        _ = done.return_value  # raises what the work has raised
    finally:
        GlobalHydra.instance().clear()
    return True


@contextmanager
def _removed_if_unused(folder: Path) -> Iterator[None]:
    """Remove a new folder, and those above it that are new and empty, if the work fails before it has written a file.

    A log and the composed configuration are no work. An error names what is wrong with the command, so there is nothing
    to look up in such a folder.
    """
    new = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        yield
    except BaseException:
        written = [file for file in folder.rglob("*") if file.is_file() and file.suffix != ".log"]
        if new and signals.is_first_process() and all(file.parent == folder / ".hydra" for file in written):
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):  # of a folder that has others
                for each in new[1:]:
                    each.rmdir()
        raise


def _own(config: DictConfig) -> DictConfig:
    """Return the command's own configuration, which says where its folder will be, and begin to log."""
    HydraConfig.instance().set_config(config)
    with read_write(config.hydra.runtime), open_dict(config.hydra.runtime):
        config.hydra.runtime.output_dir = str(Path(str(OmegaConf.select(config, "hydra.run.dir"))).absolute())
    HydraConfig.instance().set_config(config)
    configure_log(config.hydra.job_logging, config.hydra.verbose)
    own = deepcopy(config)
    with read_write(own), open_dict(own):
        del own["hydra"]
    return own
