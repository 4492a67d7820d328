"""Types of plain values, for which nothing large is imported: bounds, which scores are better, and a refused size.

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
