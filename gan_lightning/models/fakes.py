"""What G makes of one batch."""

from collections.abc import Callable

from gan_lightning.types import Images


class Fakes:
    """Fakes by the field of the batch that they stand for; each is made once, when it is first asked for.

    So a generator's part of the terms has no graph of another part's fakes beside its own.

    Args:
        generate: makes the fakes for a field.
    """

    def __init__(self, generate: Callable[[str], Images]) -> None:
        self._generate = generate
        self._made: dict[str, Images] = {}

    def __getitem__(self, field: str) -> Images:
        if field not in self._made:
            self._made[field] = self._generate(field)
        return self._made[field]

    def make(self, fields: tuple[str, ...]) -> None:
        """Make all of these now."""
        for field in fields:
            self[field]

    def detached(self) -> "Fakes":
        """The same images without a graph."""
        return Fakes(lambda field: self[field].detach())
