"""That there is no score of an iteration, and why."""

import json
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Failure:
    """Stands beside the cards of a run whose images could not be scored, for all of its scores.

    Args:
        iteration: of training.
        failed: the reason, in a sentence.
    """

    iteration: int
    failed: str

    def to_json(self) -> str:
        """As one line."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Failure":
        """From what `to_json` gave.

        Raises:
            ValueError: where it is no failure.
        """
        try:
            plain: Any = json.loads(text)
            return cls(**plain)
        except (json.JSONDecodeError, TypeError) as error:
            raise ValueError(f"a failure must be a JSON object with iteration and failed; got {text[:60]!r}") from error
