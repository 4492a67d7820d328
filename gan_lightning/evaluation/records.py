"""Score records: scores with everything that they depend on, and the files of a run that keep them.

Two scores can be compared if their protocols, all fields but the CIRCUMSTANCES, are equal.
"""

import json
import math
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

from gan_lightning import __version__
from gan_lightning.files import atomic_write
from gan_lightning.values import Better

LIBRARIES = ("torch", "torchvision", "torch-fidelity", "numpy")


def versions() -> dict[str, str]:
    """Return the versions of this project and of the libraries that scores depend on."""
    return {"gan_lightning": __version__, **{library: version(library) for library in LIBRARIES}}


R = TypeVar("R", bound="Record")


class Record:
    """A dataclass of plain values that is written as one line of JSON."""

    def to_json(self) -> str:
        """Return the record as a JSON object in one line."""
        return json.dumps(asdict(self), ensure_ascii=False)  # type: ignore[call-overload]

    @classmethod
    def from_json(cls: type[R], text: str) -> R:
        """Read a record from a line that `to_json` made.

        Raises:
            ValueError: if the line is not a JSON object with the fields of the class, each of its kind.
        """
        try:
            plain: Any = json.loads(text)
            record = cls(**plain)
            record.to_json().encode()  # half of a pair of surrogates cannot be written anywhere
        except (json.JSONDecodeError, TypeError, OverflowError, RecursionError, UnicodeError) as error:
            raise ValueError(f"a {cls.__name__} must be a JSON object with its fields; got {text[:60]!r}") from error
        for each in fields(cls):  # type: ignore[arg-type]
            if not _is_of_kind(getattr(record, each.name), each.type):
                raise ValueError(f"{each.name} of a {cls.__name__} must be of another kind; got {text[:60]!r}")
        return record


MOST = 10**15
"""A number of iterations or images that no run has."""


def is_iteration(value: Any) -> bool:
    """Return whether a value is a number of iterations or images that a run may have."""
    return type(value) is int and 0 <= value < MOST


def _is_of_kind(value: Any, kind: Any) -> bool:
    """Return whether what a file says of a field is of the field's kind; what a dictionary holds is only shown."""
    if kind is int:
        return is_iteration(value)
    if kind is float:
        return type(value) in (int, float) and abs(value) <= sys.float_info.max
    if get_origin(kind) is list:
        return isinstance(value, list) and all(_is_of_kind(each, get_args(kind)[0]) for each in value)
    return isinstance(value, dict if get_origin(kind) is dict else str)


CIRCUMSTANCES = {"value", "interval", "iteration", "images_seen", "seed", "run", "warnings", "latent_seed"}
"""Fields that tell which run, which checkpoint and which noise was scored; all other fields are the protocol."""


@dataclass(frozen=True)
class Context:
    """What was scored, and how its images were made.

    Args:
        weights: the generator's weights: `raw` as trained, `ema` their moving average, `none` for a folder of images.
        batch_norm: where batch norm took its statistics from: `eval` the running averages of training, `batch` each
            batch, `standing` averages made for scoring; `none` if the generator has no batch norm.
        latent_seed: the seed of the noise.
        precision: the generator's precision, such as `32-true`.
        iteration: the training iteration of the checkpoint; 0 for a folder of images.
        images_seen: real images that training had used by then.
        seed: the seed of the run.
        run: the folder of the run, or the folder of images.
        source: what the images were made from besides noise, such as `classes as frequent as in training`, or the
            split and the fingerprint of the images that were translated.
        batch_size: images in one pass of the generator, if an image depends on the others in its pass; else 0.
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
class ScoreRecord(Context, Record):
    """A score and its protocol, in plain values.

    The record of a score's own standard deviation comes directly after the record of the score.

    Args:
        score: the name of the score, such as `fid` or `fd_random`.
        value: a finite number.
        settings: the arguments of the metric.
        n_real: the number of real images that the metric used; 0 if it needs none.
        n_fake: the number of generated images that the metric used.
        split: the split of the real images.
        data: the fingerprint of the real images.
        resize: how the extractor resizes, `legacy` or `clean`; `none` if it takes any size.
        extractor: the name of the extractor.
        extractor_sha256: the hash of the extractor's weights.
        versions: the versions of this project and the libraries.
        warnings: sentences that a reader of the score should know.
        better: which values are better; `neither` for standard deviations, and for shares of which one half is best.
        interval: the ends of a 95 % confidence interval of the value; empty where none is computed.

    Raises:
        ValueError: if the value is not a finite number.
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
    interval: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError(f"the score {self.score} must be a finite number; got {self.value}")

    def is_deviation_of(self, other: "ScoreRecord") -> bool:
        """Return whether this is the standard deviation of another record's score, made by the same measurement."""
        alike = replace(other, score=self.score, better="neither")
        return other.better != "neither" and protocol(self) == protocol(alike)


PROTOCOL = tuple(each.name for each in fields(ScoreRecord) if each.name not in CIRCUMSTANCES)


def protocol(record: ScoreRecord) -> str:
    """Return a text that is equal for records whose scores can be compared.

    The latent seed is no part of it, because which noise was drawn is chance; how many images were made is a part.
    """
    return json.dumps({name: getattr(record, name) for name in PROTOCOL}, sort_keys=True)


def protocol_values(record: ScoreRecord) -> dict[str, Any]:
    """Return the protocol by field, and by key within dictionaries: `n_fake`, `settings.subsets`."""
    found: dict[str, Any] = {}
    for name in PROTOCOL:
        value = getattr(record, name)
        found |= {f"{name}.{key}": each for key, each in value.items()} if isinstance(value, dict) else {name: value}
    return found


def protocol_differences(record: ScoreRecord, other: ScoreRecord) -> list[str]:
    """Return what distinguishes two protocols, such as `n_fake: 10000 and 50000`; empty if the scores can be compared.

    Within dictionaries each key that differs is named, as `versions.numpy: 1.26 and 2.0`; a missing key is `none`.
    """
    mine, its = protocol_values(record), protocol_values(other)
    both = [(name, mine.get(name, "none"), its.get(name, "none")) for name in dict.fromkeys([*mine, *its])]
    return [f"{name}: {one} and {another}" for name, one, another in both if one != another]


@dataclass(frozen=True)
class ScoringFailure(Record):
    """An iteration whose images could not be scored by any metric.

    Args:
        iteration: the iteration of training.
        failed: the reason, in a sentence.
    """

    iteration: int
    failed: str


SCORES, EVALUATIONS = "scores.jsonl", "evaluations.jsonl"
"""Files in a run folder: the scores of training, and the scores that `gan-lightning evaluate` added."""


def records_of_run(run: Path) -> list[ScoreRecord]:
    """Return all records in a run folder: first those of training, then those of evaluations, each in written order."""
    return [record for name in (SCORES, EVALUATIONS) for record in ScoreFile(run / name).read()]


class ScoreFile:
    """A file with a record in each line, or a failure for an iteration that has no record.

    Args:
        file: the path, which need not exist yet.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def append(self, records: Sequence[ScoreRecord | ScoringFailure]) -> None:
        """Add lines at the end; the file and its folder are made if they are missing."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a", encoding="utf-8") as stream:
            stream.writelines(f"{record.to_json()}\n" for record in records)

    def read(self) -> list[ScoreRecord]:
        """Return all records in written order, without lines that are broken or hold something else."""
        return self._read(ScoreRecord)

    def failures(self) -> list[ScoringFailure]:
        """Return all failures in written order."""
        return self._read(ScoringFailure)

    def rewind(self, iteration: int) -> None:
        """Remove the lines of later iterations, because the run is resumed from this iteration in the same folder.

        Lines without an iteration, which another version may have written, are kept.
        """
        if self.file.is_file():
            kept = [line for line in self._lines() if (_iteration(line) or 0) <= iteration]
            with atomic_write(self.file) as stream:
                stream.write(b"".join(line + b"\n" for line in kept))

    def _read(self, kind: type[R]) -> list[R]:
        found = []
        for line in self._lines():
            with suppress(ValueError):
                found.append(kind.from_json(line.decode()))
        return found

    def _lines(self) -> list[bytes]:
        content = self.file.read_bytes() if self.file.is_file() else b""
        return [line for line in content.split(b"\n") if line]


def _iteration(line: bytes) -> int | None:
    """Return the iteration in a line of JSON, if it has one."""
    with suppress(ValueError, TypeError, KeyError, RecursionError):
        found = json.loads(line)["iteration"]
        return found if isinstance(found, int) else None
    return None
