"""What `resume=` means: a checkpoint to continue from, and the overrides its run was started with."""

from pathlib import Path

from omegaconf import OmegaConf


def checkpoint_of(resume: str) -> Path:
    """The checkpoint that `resume` names.

    Raises:
        ValueError: where there is none.
    """
    given = Path(resume)
    file = given / "checkpoints" / "last.ckpt" if given.is_dir() else given
    if not file.is_file():
        raise ValueError(f"resume must be a checkpoint or a run folder with checkpoints/last.ckpt; there is no {file}")
    return file


def with_own_overrides(arguments: list[str]) -> list[str]:
    """The command line with the overrides of the run that `resume=` names in front; what is given anew replaces them."""
    given = dict(argument.split("=", 1) for argument in arguments if "=" in argument and not argument.startswith("-"))
    saved = Path(given.get("resume", "").strip("'\"")) / ".hydra" / "overrides.yaml"
    if "resume" not in given or not saved.is_file():
        return arguments
    keys = {key.lstrip("+~") for key in given}
    kept = [override for override in OmegaConf.load(saved) if override.split("=", 1)[0].lstrip("+~") not in keys]
    return [*kept, *arguments]
