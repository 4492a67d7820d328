"""Score records: a score with its whole protocol, and the files of a run that keep them."""

import json
import math
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, TypeVar

from gan_lightning import __version__
from gan_lightning.files import atomic_write
from gan_lightning.metrics.metric import Better

LIBRARIES = ("torch", "torchvision", "torch-fidelity", "numpy")


def versions() -> dict[str, str]:
    """This project's and the libraries'."""
    return {"gan_lightning": __version__, **{library: version(library) for library in LIBRARIES}}


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


CIRCUMSTANCES = {"value", "iteration", "images_seen", "seed", "run", "warnings", "latent_seed"}
"""Of the run, the moment and the draw that were scored; all other fields are the protocol."""


@dataclass(frozen=True)
class Context:
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
class ScoreRecord(Context, Record):
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


PROTOCOL = tuple(each.name for each in fields(ScoreRecord) if each.name not in CIRCUMSTANCES)


def protocol(record: ScoreRecord) -> str:
    """The same for records whose scores compare. Which latents were drawn is chance, how many is protocol."""
    return json.dumps({name: getattr(record, name) for name in PROTOCOL}, sort_keys=True)


def parts(record: ScoreRecord) -> dict[str, Any]:
    """The protocol in single values, those of a dictionary by its keys: `n_fake`, `settings.subsets`."""
    found: dict[str, Any] = {}
    for name in PROTOCOL:
        value = getattr(record, name)
        found |= {f"{name}.{key}": each for key, each in value.items()} if isinstance(value, dict) else {name: value}
    return found


def differences(record: ScoreRecord, other: ScoreRecord) -> list[str]:
    """What the two protocols do not have in common, as `n_fake: 10000 and 50000`; nothing where scores compare.

    Of a dictionary the keys that differ, as `versions.numpy: 1.26 and 2.0`, with `none` where a key is missing.
    """
    mine, its = parts(record), parts(other)
    both = [(name, mine.get(name, "none"), its.get(name, "none")) for name in dict.fromkeys([*mine, *its])]
    return [f"{name}: {one} and {another}" for name, one, another in both if one != another]


@dataclass(frozen=True)
class ScoringFailure(Record):
    """Stands beside the records of a run whose images could not be scored, for all of its scores.

    Args:
        iteration: of training.
        failed: the reason, in a sentence.
    """

    iteration: int
    failed: str


SCORES, EVALUATIONS = "scores.jsonl", "evaluations.jsonl"
"""Cards beside a run: those of training, and those of `gan-lightning evaluate`."""


class ScoreFile:
    """One record a line, or a failure where there could be none, in the order of the iterations.

    Args:
        file: made with the first line.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def append(self, records: Sequence[ScoreRecord | ScoringFailure]) -> None:
        """Add what an iteration gave."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a", encoding="utf-8") as stream:
            stream.writelines(f"{record.to_json()}\n" for record in records)

    def read(self) -> list[ScoreRecord]:
        """All records; a line that a power cut has broken is left out."""
        return self._all(ScoreRecord)

    def failures(self) -> list[ScoringFailure]:
        """All failures."""
        return self._all(ScoringFailure)

    def rewind(self, iteration: int) -> None:
        """Leave out what came after an iteration, from which the run goes on in the same folder.

        Lines without an iteration, which another version may have written, stay.
        """
        self.begin_with(self, iteration)

    def begin_with(self, other: "ScoreFile", iteration: int) -> None:
        """Have the lines of another file up to an iteration in place of its own, at once or not at all."""
        if other.file.is_file():
            kept = [line for line in other._lines() if (_iteration(line) or 0) <= iteration]
            with atomic_write(self.file) as stream:
                stream.write("".join(f"{line}\n" for line in kept).encode())

    def _all(self, kind: type[R]) -> list[R]:
        found = []
        for line in self._lines():
            with suppress(ValueError):
                found.append(kind.from_json(line))
        return found

    def _lines(self) -> Iterable[str]:
        text = self.file.read_text(encoding="utf-8") if self.file.is_file() else ""
        return [line for line in text.split("\n") if line]


def _iteration(line: str) -> int | None:
    with suppress(json.JSONDecodeError, TypeError, KeyError):
        found = json.loads(line)["iteration"]
        return found if isinstance(found, int) else None
    return None
