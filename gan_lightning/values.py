"""Types of plain values, for which nothing large is imported: bounds of arguments, and which scores are better.

A bound stands in a constructor's annotation, and the command line checks the configuration against it.
"""

from typing import Literal, NamedTuple

Better = Literal["lower", "higher", "neither"]
"""Which of two values of a score is better."""


class AtLeast(NamedTuple):
    """The least number that is allowed.

    Args:
        bound: that number.
    """

    bound: float


class Existing(NamedTuple):
    """A path that must be there already.

    Args:
        kind: what it must be; `path` is a file or a folder.
        wanted: what an error says that it must be, after `must`; empty for that it must exist.
        unless: the name of another argument that makes the path if it is true; empty if there is none.
        holds: what the folder holds, in an error's words, if it must hold an image; empty if it need not.
        parts: the sub-folders each of which must hold an image; none if it may lie anywhere below the folder.
    """

    kind: Literal["file", "folder", "folder or .zip file", "path"]
    wanted: str = ""
    unless: str = ""
    holds: str = ""
    parts: tuple[str, ...] = ()


class Numbers(NamedTuple):
    """One whole number or a list of them.

    Args:
        least: the least that is allowed.
        once: whether each may be given only once.
    """

    least: int
    once: bool = True
