"""What the YAML file of a command says of its keys and groups: names as they are typed, defaults and comments."""

import re
from typing import NamedTuple

from gan_lightning.config.composition import CONF

ENTRY = re.compile(r"(  - )?([\w@.]+): *(.*?)(?: *# (.*))?")
"""A group in the list of defaults, or a key at the top of the file; its value, and the comment behind it."""
TYPED = {"run_dir": "hydra.run.dir", "overrides": "model.KEY, data.KEY"}
"""Keys that Hydra or the command line fills from words that users type instead."""


class Explained(NamedTuple):
    """A key or a group of a command's configuration.

    Args:
        name: the key as it is typed, such as `seed`, or the group, such as `data`.
        default: the value as it is typed; nothing where it is computed or must be given.
        text: the comment behind it, after those above it.
    """

    name: str
    default: str
    text: str


def groups_of(primary: str) -> list[Explained]:
    """Return the groups that the primary configuration of a command offers, in the order of the alphabet."""
    return sorted(entry for is_group, entry in _entries(primary) if is_group and entry.name != "hydra")


def keys_of(primary: str) -> list[Explained]:
    """Return the keys of the primary configuration of a command, without those that only groups fill."""
    groups = {group.name for group in groups_of(primary)}
    keys = [entry for is_group, entry in _entries(primary) if not is_group]
    return [key for key in keys if key.name not in groups and key.default != "{}"]


def _entries(primary: str) -> list[tuple[bool, Explained]]:
    found: list[tuple[bool, Explained]] = []
    above: list[str] = []
    for line in (CONF / f"{primary}.yaml").read_text().splitlines():
        entry = ENTRY.fullmatch(line)
        if entry and entry[2] != "defaults":
            value = entry[3].replace(" ", "").strip("[]" if entry[1] and entry[3] != "[]" else '"')
            text = " ".join([*above, entry[4] or ""]).strip()
            if value == "???":
                text, value = f"must be given: {text}", ""
            default = "" if "${" in value or entry[2] in TYPED else value
            found.append((bool(entry[1]), Explained(TYPED.get(entry[2], entry[2]), default, text)))
        above = [*above, line.removeprefix("# ")] if line.startswith("# ") else []
    return found
