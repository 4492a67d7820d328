"""Types of plain values, for which nothing large is imported: bounds, which scores are better, and a refused size.

A bound stands in a constructor's annotation, and the command line checks the configuration against it.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

Better = Literal["lower", "higher", "neither"]
"""Which of two values of a score is better."""


@dataclass(frozen=True)
class Bound:
    """A limit of a number; those of other kinds are never equal to it, so that they stay apart in annotations.

    Args:
        bound: the limit.
    """

    bound: float
    words: ClassVar[str]
    compared: ClassVar[Callable[[float, float], bool]]

    def allows(self, value: float) -> bool:
        """Return whether a number keeps to the limit."""
        return type(self).compared(value, self.bound)

    def __str__(self) -> str:
        return f"{self.words} {self.bound:g}"


class AtLeast(Bound):
    """The least number that is allowed."""

    words, compared = "at least", operator.ge


class MoreThan(Bound):
    """A number below all that are allowed."""

    words, compared = "more than", operator.gt


class AtMost(Bound):
    """The largest number that is allowed."""

    words, compared = "at most", operator.le


class LessThan(Bound):
    """A number above all that are allowed."""

    words, compared = "less than", operator.lt


class Called(NamedTuple):
    """What stands for a word in what an error tells to type.

    Args:
        example: that, in capitals.
    """

    example: str


class Existing(NamedTuple):
    """A path that must be there already.

    Args:
        kind: what it must be; `path` is a file or a folder.
        wanted: what an error says that it must be, after `must`; empty for that it must exist.
        unless: the name of another argument that makes the path if it is true; empty if there is none.
        holds: what the folder holds, in an error's words, if it must hold an image; empty if it need not.
        parts: the sub-folders each of which must hold an image; none if it may lie anywhere below the folder.
        instead: what an error tells to type for other layouts; empty if nothing else suits.
    """

    kind: Literal["file", "folder", "folder or .zip file", "path"]
    wanted: str = ""
    unless: str = ""
    holds: str = ""
    parts: tuple[str, ...] = ()
    instead: str = ""


class Numbers(NamedTuple):
    """One whole number or a list of them.

    Args:
        least: the least that is allowed.
        once: whether each may be given only once.
    """

    least: int
    once: bool = True


class WrongSizeError(ValueError):
    """An image size that a network cannot have.

    Args:
        must: what `image_size` must be, as a sentence that calls it by that name.
        image_size: the size that was given, in pixels.
        nearest: the nearest size that fits.
    """

    def __init__(self, must: str, image_size: int, nearest: int) -> None:
        super().__init__(f"{must}; got {image_size}, and {nearest} fits")
        self.must, self.image_size, self.nearest = must, image_size, nearest

    def sentence(self, key: str) -> str:
        """Return the sentence for users, who type the size under some key."""
        return f"{self.must.replace('image_size', key)}; got {self.image_size}; type {key}={self.nearest}"
