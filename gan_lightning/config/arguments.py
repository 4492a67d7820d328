"""The command line before Hydra reads it."""

import re
from pathlib import Path

from omegaconf import OmegaConf

PLAIN_PATH = re.compile(r"[A-Za-z0-9_./\\-]*")


def prepared(arguments: list[str]) -> list[str]:
    """Paths with spaces, commas, `=` or any script in quotes; and what `resume=` brings along."""
    return _with_own_overrides([_quoted(argument) for argument in arguments])


def _quoted(argument: str) -> str:
    """`key=path` as `key='path'` where there is such a path and Hydra's grammar would stumble over it."""
    key, equals, value = argument.partition("=")
    if not equals or PLAIN_PATH.fullmatch(value) or not Path(value).exists():
        return argument
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"{key}='{escaped}'"


def _with_own_overrides(arguments: list[str]) -> list[str]:
    """The overrides of the run folder that `resume=` names come first; what is given anew replaces them."""
    given = dict(argument.split("=", 1) for argument in arguments if "=" in argument and not argument.startswith("-"))
    saved = Path(given.get("resume", "").strip("'").replace("\\'", "'")) / ".hydra" / "overrides.yaml"
    if "resume" not in given or not saved.is_file():
        return arguments
    keys = {key.lstrip("+~") for key in given}
    before = [str(override) for override in OmegaConf.load(saved)]
    kept = [override for override in before if override.split("=", 1)[0].lstrip("+~") not in keys]
    return [*kept, *arguments]
