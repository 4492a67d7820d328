"""A score with everything that it hangs on."""

import json
import math
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from gan_lightning.metrics.record import Record

Better = Literal["lower", "higher", "neither"]
CIRCUMSTANCES = {"value", "iteration", "images_seen", "seed", "run", "warnings", "latent_seed"}
"""Of the run, the moment and the draw that were scored; all other fields are the protocol."""


@dataclass(frozen=True)
class Subject:
    """What was scored, when, and how its images were made.

    Args:
        weights: of the generator: as trained or averaged; `none` where images came from a folder.
        batch_norm: where its statistics came from: `eval` training's, `batch` the batch's, `standing` passes made for
            them; `none` where there is none.
        latent_seed: of the noise.
        precision: in which the generator computed, such as `32-true`.
        iteration: of training.
        images_seen: real images until then.
        seed: of the run.
        run: its folder.
        source: what the images were made of beside noise: `classes in turn`, or split and fingerprint of what was
            translated.
        batch_size: of a pass of the generator, where its batches are part of the images; else 0.
    """

    weights: Literal["raw", "ema", "none"]
    batch_norm: Literal["eval", "batch", "standing", "none"]
    latent_seed: int
    precision: str
    iteration: int
    images_seen: int
    seed: int
    run: str
    source: str = field(default="", kw_only=True)
    batch_size: int = field(default=0, kw_only=True)


@dataclass(frozen=True)
class Card(Subject, Record):
    """A score and its protocol, in plain values.

    Args:
        score: its name, such as `fid` or `fd_random`.
        value: finite.
        settings: arguments of the metric.
        n_real: images that the score saw; 0 where it needs none.
        n_fake: the same of the generator's.
        split: of the real images.
        data: fingerprint of the real images.
        resize: `legacy`, `clean`, or `none` where the extractor takes any size.
        extractor: its name.
        extractor_sha256: of its weights.
        versions: of this project and the libraries.
        warnings: what a reader should know.
        better: which values are; of deviations neither.

    Raises:
        ValueError: for a value that is no number.
    """

    score: str
    value: float
    settings: dict[str, int]
    n_real: int
    n_fake: int
    split: str
    data: str
    resize: str
    extractor: str
    extractor_sha256: str
    versions: dict[str, str]
    warnings: list[str]
    better: Better = "lower"

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError(f"the score {self.score} must be a finite number; got {self.value}")


PROTOCOL = tuple(each.name for each in fields(Card) if each.name not in CIRCUMSTANCES)


def protocol(card: Card) -> str:
    """The same for cards whose scores compare. Which latents were drawn is chance, how many is protocol."""
    return json.dumps({name: getattr(card, name) for name in PROTOCOL}, sort_keys=True)


def parts(card: Card) -> dict[str, Any]:
    """The protocol in single values, those of a dictionary by its keys: `n_fake`, `settings.subsets`."""
    found: dict[str, Any] = {}
    for name in PROTOCOL:
        value = getattr(card, name)
        found |= {f"{name}.{key}": each for key, each in value.items()} if isinstance(value, dict) else {name: value}
    return found


def differences(card: Card, other: Card) -> list[str]:
    """What the two protocols do not have in common, as `n_fake: 10000 and 50000`; nothing where scores compare.

    Of a dictionary the keys that differ, as `versions.numpy: 1.26 and 2.0`, with `none` where a key is missing.
    """
    mine, its = parts(card), parts(other)
    both = [(name, mine.get(name, "none"), its.get(name, "none")) for name in dict.fromkeys([*mine, *its])]
    return [f"{name}: {one} and {another}" for name, one, another in both if one != another]
