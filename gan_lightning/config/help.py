"""The help of the command line: its commands, their keys with defaults, the groups, and the flags."""

from collections.abc import Sequence
from shutil import get_terminal_size
from textwrap import fill

from omegaconf import OmegaConf

from gan_lightning.config.composition import CONF, PACKAGE
from gan_lightning.config.explained import Explained, groups_of, keys_of
from gan_lightning.config.options import options_of

TITLE = "gan-lightning trains GANs; words such as loss=hinge and seed=1 choose the parts."
USAGE = "Usage: gan-lightning [COMMAND] [key=value ...] [flags]"
FLAGS = {
    "--help, -h": "this text; after a command, its own; `gan-lightning help COMMAND` is the same",
    "--version": "the versions of gan_lightning, torch and Python, and the device",
    "--multirun, -m": "a sweep: one run for each combination of values with commas, such as seed=0,1,2",
    "--cfg job, -c job": "show the composed configuration, and do nothing",
    "--package KEY, -p KEY": "with --cfg: only the part below that key, such as model.loss",
    "--resolve": "with --cfg: values instead of ${...}",
    "--config-dir DIR, -cd DIR": "a folder with options of your own, such as DIR/experiment/mine.yaml",
    "--shell-completion, -sc": "install=bash and install=fish print what the shell needs to complete words",
    "--hydra-help": "all flags and groups of Hydra, which reads the command line",
}
NARROWEST, WIDEST = 60, 120
"""The columns that the text takes at least and at most, whatever the terminal has."""
KEPT = "\N{NO-BREAK SPACE}|"
"""What stands between two options while lines are broken, so that none starts with it."""
LABELS = 30
"""The columns of the longest label that stands beside its text; longer ones stand above it."""


def command_names() -> list[str]:
    """Return the names of all commands; `train` stands first, the others follow the alphabet."""
    names = (file.stem for file in (PACKAGE / "commands").glob("[a-z]*.py"))
    return sorted(names, key=lambda name: (name != "train", name))


def primary_of(command: str) -> str:
    """Return the name of a command's primary configuration, without `.yaml`."""
    return "config" if command == "train" else command


def page(command: str) -> str:
    """Return the help of a command, as wide as the terminal; that of `train` starts with the list of all commands.

    Args:
        command: the name of the command.
    """
    width = min(max(get_terminal_size().columns, NARROWEST), WIDEST)
    primary, (summary, examples) = primary_of(command), _texts(command)
    head, flags = [summary], {"--help, -h": "this text; `gan-lightning --help` explains all flags"}
    if command == "train":
        every = [(name, _texts(name)[0]) for name in command_names()]
        head, flags = [TITLE, USAGE, _table("Commands; without one, train:", every, width)], FLAGS
    keys = [(f"{key.name}={key.default}", key.text) for key in keys_of(primary)]
    groups = [
        (f"{group.name}=", _choices(group, options_of(group.name.partition("@")[0]))) for group in groups_of(primary)
    ]
    tables = {
        "Keys with their defaults:": keys,
        "Groups, chosen as group=option; the default stands first:": groups,
        "Flags:": list(flags.items()),
    }
    body = [_table(heading, rows, width) for heading, rows in tables.items() if rows]
    return "\n\n".join([*head, _filled(examples, width), *body])


def _texts(command: str) -> tuple[str, str]:
    """Return what a command's own file says: one sentence, and examples with what follows them."""
    file = CONF / "hydra" / f"{'default' if command == 'train' else command}.yaml"
    summary, _, rest = OmegaConf.load(file).help.template.strip().partition("\n\n")
    return summary, rest


def _choices(group: Explained, options: list[str]) -> str:
    """Return the options of a group, the default first, and behind them what they set."""
    others = [option for option in options if option != group.default]
    return " | ".join([group.default, *others]) + f" ({group.text})" * bool(group.text)


def _filled(text: str, width: int) -> str:
    """Return a text in lines of a width; paragraphs with indented lines stay as they are."""
    parts = text.split("\n\n")
    return "\n\n".join(part if "\n  " in part else fill(part, width, break_on_hyphens=False) for part in parts)


def _table(heading: str, rows: Sequence[tuple[str, str]], width: int) -> str:
    """Return rows of a label and a text, which is continued below itself."""
    column = max(len(label) for label, _ in rows if len(label) <= LABELS) + 4
    lines = [heading]
    for label, text in rows:
        start = f"  {label}".ljust(column)
        if len(label) > LABELS:
            lines.append(start)
            start = " " * column
        kept = text.replace(" |", KEPT)
        lines.append(fill(kept, width, initial_indent=start, subsequent_indent=" " * column, break_on_hyphens=False))
    return "\n".join(lines).replace(KEPT, " |")
