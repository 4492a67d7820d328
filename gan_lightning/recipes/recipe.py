"""A recipe: an experiment for somebody's own pictures, with the reason for each choice beside it."""

import json
from dataclasses import dataclass
from math import ceil
from typing import Literal, NamedTuple

from gan_lightning.data.picture_survey import PictureSurvey
from gan_lightning.durations import duration
from gan_lightning.recipes.trial import Trial

SIZES = (32, 64, 128, 256)
"""The image sizes among which a recipe chooses, in pixels."""
ENLARGED = 1.1
"""The largest factor by which pictures may be enlarged to reach an image size."""
LARGEST = {"dcgan": 64, "cgan": 128, "r3gan": 256}
"""The largest image size at which a model is a candidate; DCGAN becomes unstable above 64 pixels."""
FEW = 5000
"""The number of pictures below which a recipe augments the images that D sees."""
SEEN_EACH, FEWEST_SEEN, MOST_SEEN = 1000, 400_000, 10_000_000
"""A run shows each picture a thousand times, but not fewer and not more images than these in all."""
SHORTEST = 0.25
"""The part of that length that a run may be shortened to where time is short."""
GAMMA = {32: 0.05, 64: 2.0, 128: 17.0, 256: 150.0}
"""R3GAN's weight of R1 and R2 by image size: the paper's at 32, 64 and 256 pixels, the geometric mean at 128."""
EVERY = 500
"""Iterations between two grids, the default of callbacks.samples and callbacks.plots."""
KEPT = 2
"""Checkpoints that are kept, the default of callbacks.checkpoint; one more is written before the oldest goes."""


@dataclass(frozen=True)
class Candidate:
    """A choice of a model and an image size that could be trained on a folder of pictures.

    Args:
        survey: the number, sizes and colours of the pictures.
        model: the option of the group `model`.
        image_size: side of the images, in pixels.
    """

    survey: PictureSurvey
    model: Literal["dcgan", "cgan", "r3gan"]
    image_size: int

    def __str__(self) -> str:
        return f"{self.model} at {self.image_size}x{self.image_size} pixels"

    @property
    def channels(self) -> int:
        """The channels of the images: 1 for gray pictures, else 3."""
        return 1 if self.survey.is_gray else 3

    @property
    def batch_size(self) -> int:
        """The largest power of two up to an eighth of the pictures, between 16 and 64."""
        return min(64, max(16, 2 ** ((self.survey.count // 8).bit_length() - 1)))

    @property
    def iterations(self) -> int:
        """The iterations of a whole run."""
        seen = min(max(SEEN_EACH * self.survey.count, FEWEST_SEEN), MOST_SEEN)
        return ceil(seen / self.batch_size)

    @property
    def cache(self) -> int:
        """The bytes of the decoded pictures, which go to data.cache_dir."""
        return self.survey.count * self.channels * self.image_size**2


def candidates(survey: PictureSurvey) -> list[Candidate]:
    """Return what could be trained on the pictures, the cheapest first, which is the least desirable.

    A larger image is better than a better model. Pictures are hardly enlarged; tiny ones become 32 pixels.
    """
    sides = [side for side in SIZES if side <= ENLARGED * survey.short_side] or [SIZES[0]]
    models: tuple[Literal["dcgan", "cgan", "r3gan"], ...] = ("cgan",) if survey.classes else ("dcgan", "r3gan")
    return [Candidate(survey, model, side) for side in sides for model in models if side <= LARGEST[model]]


class WhyNot(NamedTuple):
    """Why nothing better is trained, in words that follow a choice.

    Args:
        model: why not the better model at the same image size; empty where there is none.
        image_size: why not the larger images; empty where there are none.
    """

    model: str = ""
    image_size: str = ""


NOTHING_BETTER = WhyNot()


class Forecast(NamedTuple):
    """What a run of some length needs, as a trial on this device lets expect.

    Args:
        candidate: what is trained.
        trial: what a few iterations have shown.
        iterations: the length of the run.
        cores: how many decode the pictures.
    """

    candidate: Candidate
    trial: Trial
    iterations: int
    cores: int

    @property
    def seconds(self) -> float:
        """The seconds of the run without the program's start: pictures, iterations, and the files between them."""
        decoding = self.candidate.survey.count * self.candidate.survey.seconds_each / self.cores
        writing = self.iterations / EVERY * self.trial.seconds_of_files
        return decoding + self.iterations * self.trial.seconds + writing

    @property
    def folder(self) -> int:
        """The bytes of the run's folder."""
        return (KEPT + 1) * self.trial.checkpoint + self.iterations // EVERY * self.trial.files

    def __str__(self) -> str:
        return (
            f"{duration(self.seconds)} for {self.iterations:,} iterations of {self.trial.seconds:.3g} s, "
            f"{size(self.trial.memory)} of memory at its peak, {size(self.folder + self.candidate.cache)} on disk"
        )


def size(count: int) -> str:
    """Return a number of bytes in the unit that suits it."""
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{max(1, round(count / 2**20))} MiB"


def recipe(candidate: Candidate, iterations: int, forecast: str = "", why_not: WhyNot = NOTHING_BETTER) -> str:
    """Return the YAML text of a recipe.

    Args:
        candidate: what is trained.
        iterations: the length of the run.
        forecast: what the run needs, and on which device; empty where it is not known yet.
        why_not: why a better model and larger images were not chosen.
    """
    survey, batch = candidate.survey, candidate.batch_size
    is_few = survey.count < FEW
    lines = [
        "# @package _global_",
        f"# A recipe for {survey.count:,} pictures, written by `gan-lightning start`.",
        "# Train: gan-lightning --config-dir . experiment=mine",
        *([f"# Forecast: {forecast}."] if forecast else []),
        "defaults:",
        f"  - override /data: {_data(survey)}",
        f"  - override /model: {candidate.model} # {_model(candidate, why_not.model)}",
        f"  - override /augment: {_augment(survey, is_few)}",
        "  - override /ema: half_life # the moving average of G draws clearer pictures than G itself",
        "data:",
        f"  root: {_quoted(str(survey.root))}",
        f"  image_size: {candidate.image_size} # {_image_size(candidate, why_not.image_size)}",
        f"  channels: {candidate.channels} # {'all pictures are gray' if survey.is_gray else 'in colour'}",
        f"  fit: crop # {_fit(survey)}",
        "  flip: false # true where left and right do not matter, which doubles the pictures; not for text or digits",
        f"  batch_size: {batch} # {_batch_size(candidate)}",
        "  drop_last: true # all batches have one size, so that batch norm never sees a few images alone",
        *_max_bad(survey),
        "model:",
        *_settings(candidate),
        "trainer:",
        "  max_epochs: -1 # iterations decide the length",
        f"  max_steps: {iterations} # {_length(candidate, iterations)}",
    ]
    return "\n".join(lines) + "\n"


def _data(survey: PictureSurvey) -> str:
    if survey.classes:
        return f"folder_labelled # all pictures are in {len(survey.classes)} sub-folders, which are taken for classes"
    return "folder # without classes, which would need a sub-folder of 20 pictures or more for each"


def _model(candidate: Candidate, why_not: str) -> str:
    reason = {
        "dcgan": "the fastest of the models for plain pictures",
        "cgan": "DCGAN's networks, which are given the class",
        "r3gan": "more stable and better than DCGAN, and slower",
    }[candidate.model]
    return f"{reason}; {why_not}" if why_not else reason


def _augment(survey: PictureSurvey, is_few: bool) -> str:
    if is_few:
        return f"diffaugment # {survey.count:,} pictures are few, and D would learn them by heart"
    return f"none # {survey.count:,} pictures are enough"


def _image_size(candidate: Candidate, why_not: str) -> str:
    if why_not:
        return f"larger ones are left out: {why_not}"
    short = candidate.survey.short_side
    if candidate.image_size > ENLARGED * short:
        return f"the smallest size of a recipe, to which pictures of {short} pixels are enlarged"
    return f"the shorter side of half of the pictures has {short} pixels or more, and enlarging adds no detail"


def _fit(survey: PictureSurvey) -> str:
    lost = 1 - 1 / survey.elongation
    if lost < 0.02:
        return "the pictures are square"
    return f"cuts {lost:.0%} off the long side of the median picture; pad keeps it and adds black borders"


def _batch_size(candidate: Candidate) -> str:
    each = candidate.survey.count // candidate.batch_size
    return f"an epoch has {each:,} such batches; where memory does not suffice, halve this number"


def _max_bad(survey: PictureSurvey) -> list[str]:
    if not survey.bad:
        return []
    allowed = ceil(150 * survey.bad_share) / 100
    return [f"  max_bad: {allowed:g} # {len(survey.bad):,} of {survey.looked_at:,} cannot be read and are left out"]


def _settings(candidate: Candidate) -> list[str]:
    if candidate.model == "r3gan":
        return [
            "  penalties:",
            "    r1:",
            f"      weight: {GAMMA[candidate.image_size]:g} # suits the image size; R2 has the same",
        ]
    return [
        "  reuse_fake: true # one generated batch serves both players, which is faster",
        "  loss:",
        "    real_target: 0.9 # D is never quite certain, so that G goes on learning",
    ]


def _length(candidate: Candidate, iterations: int) -> str:
    seen = iterations * candidate.batch_size
    each = f"{seen:,} images, each picture about {round(seen / candidate.survey.count):,} times"
    if iterations < candidate.iterations:
        return f"{each}; shortened, because {candidate.iterations:,} would take longer than hours allows"
    return f"{each}; a longer run may be better still, and a shorter one shows what to expect"


def _quoted(path: str) -> str:
    return json.dumps(path, ensure_ascii=False).replace("${", "\\\\${")
