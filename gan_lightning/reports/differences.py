"""Names of runs by what distinguishes them, with keys and values as short as they can be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from gan_lightning.printable import printable

MOST = 3
"""How many values of the configuration name a run that what was typed does not distinguish."""
TARGET = "._target_"


@dataclass(frozen=True)
class Settings:
    """What a run was given.

    Args:
        typed: the overrides that were typed, by key; options of groups and values.
        values: all values of its configuration by their whole key; a class by its own name.
    """

    typed: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)


def by_key(overrides: Sequence[str]) -> dict[str, str]:
    """Return overrides as values by key; of a key that is given twice, the last counts."""
    found = {}
    for word in overrides:
        key, _, value = word.partition("=")
        name = key.lstrip("+~")
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
        found[name] = "removed" if key.startswith("~") else value[1:-1] if quoted else value
    return found


def differences(runs: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return for each run the values in which the runs differ, by key, both shortened as far as they stay distinct.

    A key keeps its last words, a value loses the folders that all values have in common.

    >>> differences([{"model.ema.half_life": "5", "seed": "0"}, {"model.ema.half_life": "50", "seed": "0"}])
    [{'half_life': '5'}, {'half_life': '50'}]
    """
    keys = [key for key in dict.fromkeys(key for run in runs for key in run) if len({run.get(key) for run in runs}) > 1]
    short = {key: _short_key(key, keys) for key in keys}
    common = {key: _common_folders([run[key] for run in runs if key in run]) for key in keys}
    return [{short[key]: "/".join(run[key].split("/")[common[key] :]) for key in keys if key in run} for run in runs]


def text(values: Mapping[str, str]) -> str:
    """Return what distinguishes a run as one text, such as `loss=hinge width=8`."""
    return printable(" ".join(f"{key}={value}" for key, value in values.items()))


def names(runs: Sequence[Settings], folders: Sequence[str]) -> list[str]:
    """Return a name for each run that no other has: what was typed, else what is in force, else its folder.

    Args:
        runs: the settings of each run.
        folders: what to call runs that nothing else distinguishes.
    """
    keys = list(dict.fromkeys(key for run in runs for key in run.typed))
    # A value that was not typed is that of the configuration; of an option it is not known.
    typed = [{key: run.values.get(key) or run.typed.get(key, "default") for key in keys} for run in runs]
    found = list(map(text, differences(typed)))
    for name in {name for name in found if found.count(name) > 1}:
        alike = [place for place, other in enumerate(found) if other == name]
        for place, values in zip(alike, differences(_without_copies([runs[at].values for at in alike])), strict=True):
            found[place] = " ".join(filter(None, (name, text(dict(list(values.items())[:MOST])))))
    is_clear = [name != "" and found.count(name) == 1 for name in found]
    pairs = zip(found, folders, is_clear, strict=True)
    return [name if clear else f"{name} in {folder}" if name else folder for name, folder, clear in pairs]


def _without_copies(runs: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return values without those that follow another one, as each network's image size follows that of the data."""
    first: dict[tuple[str | None, ...], str] = {}
    for key in sorted({key for run in runs for key in run}, key=lambda key: (key.count("."), key)):
        first.setdefault((key.rpartition(".")[2], *(run.get(key) for run in runs)), key)
    return [{key: run[key] for key in first.values() if key in run} for run in runs]


def _short_key(key: str, keys: Sequence[str]) -> str:
    """Return the last words of a key that no other key ends with."""
    words = key.removesuffix(TARGET).replace("@", ".").split(".")
    others = [f".{other.removesuffix(TARGET).replace('@', '.')}" for other in keys if other != key]
    ends = (".".join(words[-count:]) for count in range(1, len(words) + 1))
    return next((end for end in ends if not any(other.endswith(f".{end}") for other in others)), key)


def _common_folders(values: Sequence[str]) -> int:
    """Return how many folders all of several different values begin with."""
    if len(set(values)) < 2:
        return 0
    above = [value.split("/")[:-1] for value in values]
    return len(list(takewhile(lambda folders: len(set(folders)) == 1, zip(*above, strict=False))))
