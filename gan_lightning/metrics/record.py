"""Lines of JSON that a run's score files consist of."""

import json
from dataclasses import asdict
from typing import Any, TypeVar

R = TypeVar("R", bound="Record")


class Record:
    """What stands in one line; a dataclass of plain values."""

    def to_json(self) -> str:
        """As one line."""
        return json.dumps(asdict(self), ensure_ascii=False)  # type: ignore[call-overload]

    @classmethod
    def from_json(cls: type[R], text: str) -> R:
        """From what `to_json` gave.

        Raises:
            ValueError: where it is no such line.
        """
        try:
            plain: Any = json.loads(text)
            return cls(**plain)
        except (json.JSONDecodeError, TypeError) as error:
            raise ValueError(f"a {cls.__name__} must be a JSON object with its fields; got {text[:60]!r}") from error
