"""That there is no score of an iteration, and why."""

from dataclasses import dataclass

from gan_lightning.metrics.record import Record


@dataclass(frozen=True)
class Failure(Record):
    """Stands beside the cards of a run whose images could not be scored, for all of its scores.

    Args:
        iteration: of training.
        failed: the reason, in a sentence.
    """

    iteration: int
    failed: str
