"""The choice of a recipe: candidates are tried on this device, the cheapest first, and the best that fits is taken."""

import logging
import os
import tempfile
import time
from math import ceil
from pathlib import Path
from typing import NamedTuple

from gan_lightning.callbacks.guard import Diverged
from gan_lightning.config.exhausted import is_of_memory
from gan_lightning.data.picture_survey import PictureSurvey
from gan_lightning.durations import duration
from gan_lightning.recipes.memory import memory_at_hand, peak_memory
from gan_lightning.recipes.recipe import SHORTEST, Candidate, Forecast, WhyNot, candidates, recipe, size
from gan_lightning.recipes.trial import CLEARLY, ITERATIONS, Trial, tried

log = logging.getLogger(__name__)

FILE = Path("experiment", "mine.yaml")
"""The recipe, in the folder that `--config-dir` names."""
TIME_IS_OVER = "was not tried, because time is over"
MARGIN = 1.1
"""The hours that would have sufficed are named with this factor, because another trial measures other times."""


class Tried(NamedTuple):
    """A candidate and what became of it.

    Args:
        candidate: a model at an image size.
        trial: what a few iterations have shown; None where it was not tried.
        why_not: why it is not chosen; empty where it fits.
        was_tried: whether it was tried at all.
        remedy: the key and value with which it might fit; empty where none is known.
    """

    candidate: Candidate
    trial: Trial | None
    why_not: str = ""
    was_tried: bool = True
    remedy: str = ""

    def __str__(self) -> str:
        measured = f"{self.trial.seconds:.3g} s an iteration, {size(self.trial.memory)} of memory" if self.trial else ""
        allowed = f"; {self.remedy} may allow it" if self.remedy and not self.was_tried else ""
        return ", ".join(filter(None, (measured, f"{self.why_not}{allowed}")))

    @property
    def reason(self) -> str:
        """What it is, why it is not chosen, and the command with which it might be."""
        command = f"; `gan-lightning start DIR {self.remedy} overwrite=true` may allow it" if self.remedy else ""
        return f"{self.candidate} {self.why_not}{command}"


def try_all(survey: PictureSurvey, longest: float, until: float, seconds: float) -> list[Tried]:
    """Try candidates, the cheapest first, and leave out those that cannot fit by what cheaper ones have shown.

    Args:
        survey: what is known of the pictures.
        longest: seconds that a run may take.
        until: the time of the monotonic clock after which nothing more is tried.
        seconds: what the command was given for looking and trying, of which twice as much would allow more trials.

    Raises:
        RuntimeError: if a trial fails for another reason than memory or numbers that are not finite.
    """
    found: list[Tried] = []
    base, at_hand = peak_memory(), memory_at_hand()
    for candidate in candidates(survey):
        smaller = [each for each in found if each.was_tried and each.candidate.model == candidate.model]
        why_not, remedy = _foreseen(smaller[-1], candidate, longest, until, base, at_hand) if smaller else ("", "")
        if why_not == TIME_IS_OVER or (found and time.monotonic() > until):
            why_not, remedy = TIME_IS_OVER, f"seconds={2 * seconds:g}"
        is_left_out = Tried(candidate, None, why_not, False, remedy)
        found.append(is_left_out if why_not else _try(candidate, longest, until))
        log.info("%s: %s", candidate, found[-1])
    return found


def _foreseen(
    before: Tried, candidate: Candidate, longest: float, until: float, base: int, at_hand: int
) -> tuple[str, str]:
    """Return why a candidate is not worth trying after the same model at a smaller size, and a remedy, or nothing."""
    if before.trial is None or before.trial.was_stopped:
        side = before.candidate.image_size
        return f"was not tried, because at {side}x{side} pixels it {before.why_not}", ""
    times = (candidate.image_size / before.candidate.image_size) ** 2
    expected = times * before.trial.seconds
    if expected * candidate.iterations > CLEARLY * longest:
        whole = expected * candidate.iterations
        return f"was not tried, because it would take about {duration(whole)}{_more_than(longest)}", _hours(whole)
    if base + times * (before.trial.memory - base) > at_hand:
        return f"was not tried, because it would need more memory than the {size(at_hand)} at hand", ""
    return (TIME_IS_OVER if expected * ITERATIONS > until - time.monotonic() else ""), ""


def _try(candidate: Candidate, longest: float, until: float) -> Tried:
    slowest = longest / candidate.iterations
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / FILE).parent.mkdir()
        (folder / FILE).write_text(recipe(candidate, candidate.iterations))
        try:
            trial = tried(folder, _linked(candidate, folder / "pictures"), slowest, until)
        except Diverged:
            return Tried(candidate, None, "has numbers that are not finite after a few iterations")
        except (RuntimeError, MemoryError) as error:
            if not is_of_memory(error):
                raise
            return Tried(candidate, None, "needs more memory than there is")
    seconds = _forecast(candidate, trial).seconds
    if seconds > longest:
        least = "at least " if trial.was_stopped else ""
        why_not = f"would take {least}{duration(seconds)}{_more_than(longest)}"
        return Tried(candidate, trial, why_not, remedy="" if trial.was_stopped else _hours(seconds))
    return Tried(candidate, trial)


def _more_than(longest: float) -> str:
    return f", more than hours={longest / 3600:g}"


def _hours(seconds: float) -> str:
    return f"hours={ceil(10 * MARGIN * seconds / 3600) / 10:g}"


def _linked(candidate: Candidate, folder: Path) -> Path:
    """Return a folder with links to the pictures that were decoded, in their sub-folders, for two batches at least."""
    survey = candidate.survey
    for number in range(max(len(survey.decoded), 2 * candidate.batch_size)):
        file = survey.decoded[number % len(survey.decoded)]
        link = folder / file.relative_to(survey.root).parent / f"{number}{file.suffix}"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(file)
    return folder


def _forecast(candidate: Candidate, trial: Trial) -> Forecast:
    return Forecast(candidate, trial, candidate.iterations, os.cpu_count() or 1)


def choose(found: list[Tried], longest: float) -> tuple[Forecast, WhyNot]:
    """Return the forecast of the best candidate that fits, and why a better model and larger images are not chosen.

    If none fits into the time, it is the cheapest, whose run is shortened.

    Args:
        found: what became of each candidate, the cheapest first.
        longest: seconds that a run may take.

    Raises:
        ValueError: if none could be tried, or the time is too short for a quarter of the cheapest one's run.
    """
    were_tried = [each for each in found if each.trial]
    if not were_tried:
        raise ValueError(f"no model can be trained on these pictures here: {found[0].candidate} {found[0].why_not}")
    chosen = next((each for each in reversed(were_tried) if not each.why_not), were_tried[0])
    better = found[found.index(chosen) + 1 :]
    side = chosen.candidate.image_size
    models = [each.reason for each in better if each.candidate.image_size == side]
    sizes = [each.reason for each in better if each.candidate.image_size > side]
    why_not = WhyNot(*(next(iter(reasons), "") for reasons in (models, sizes)))
    assert chosen.trial is not None
    whole = _forecast(chosen.candidate, chosen.trial)
    part = longest / whole.seconds
    if part >= 1:
        return whole, why_not
    if part < SHORTEST:
        raise ValueError(
            f"hours={longest / 3600:g} is too short: {chosen.candidate}, the fastest candidate, would take "
            f"{duration(whole.seconds)} on this device, and needs a quarter of that at least; "
            f"hours={SHORTEST * whole.seconds / 3600 + 0.05:.1f} is enough"
        )
    return whole._replace(iterations=int(part * whole.iterations)), why_not
