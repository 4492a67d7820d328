"""The report of a run: one page with its pictures, curves, scores, configuration and commands.

The page needs no other file, no network and no script. Whatever a run folder holds is shown as text or decoded as a
picture; nothing in it is executed.
"""

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from gan_lightning.evaluation.records import ScoreRecord, protocol
from gan_lightning.files import atomic_write
from gan_lightning.printable import printable
from gan_lightning.reports.charts import FRAME, Chart, chart
from gan_lightning.reports.embedded import animation, embedded
from gan_lightning.reports.history import Draws, draws
from gan_lightning.reports.making import flags_of
from gan_lightning.reports.next_commands import named, next_commands, section
from gan_lightning.reports.run_files import IMAGES_SEEN, RunFiles
from gan_lightning.reports.tables import UNDECIDED, Curve, loss_curves, output_curves, read_curves

NAME = "report.html"
"""The report's file in a run folder."""
TEMPLATE = Path(__file__).with_name("report.html.jinja")
MARK = '<meta name="generator" content="gan-lightning report">'
"""What the head of every report has, by which an earlier one is known."""
MOST_PROTOCOLS = 24
"""Scores that are shown, each under its own protocol."""


class Score(NamedTuple):
    """A score under one protocol.

    Args:
        name: the score's name.
        better: which values are better.
        last: the newest value.
        best: the best value.
        protocol: what was measured, in words.
    """

    name: str
    better: str
    last: Draws
    best: Draws
    protocol: str


def write(folder: Path, file: Path) -> None:
    """Write the report of a run folder in one step.

    Args:
        folder: the run folder.
        file: the page.
    """
    with atomic_write(file) as stream:
        stream.write(page(folder).encode())


def is_report(file: Path) -> bool:
    """Return whether a file is a report that this program has written."""
    with file.open("rb") as stream:
        return MARK.encode() in stream.read(1000)


def page(folder: Path) -> str:
    """Return the report of a run folder as HTML; what is missing or damaged in the folder is left out."""
    from jinja2 import Environment, StrictUndefined

    # Escaped are the characters that mean something in HTML, and those that are not printable in any text.
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_shown
    )
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        mark=MARK, frame=FRAME, **_content(folder)
    )


def _shown(value: Any) -> Any:
    """Return a value as the page shows it; what the template itself has escaped stays as it is."""
    return printable(value, keep="\n") if type(value) is str else value


def _content(folder: Path) -> dict[str, Any]:
    """Return what the template shows, by name."""
    files = RunFiles(folder)
    losses, metrics = loss_curves(folder / "losses.csv"), read_curves(folder / "metrics.csv", "step")
    grids = files.grids()
    environment = files.environment()
    run = named(folder)
    config = section(files.record(), "config")
    ends = [curve[0][-1] for curve in (*losses.values(), *metrics.values())] + [*grids]
    end, newest = max(ends, default=0), next(reversed(grids), 0)
    return {
        "name": folder.resolve().name,
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "parts": _parts(config),
        "figures": _figures(end, metrics, environment),
        "end": end,
        "generated": embedded(grids[newest], f"Generated, iteration {newest:,}") if grids else None,
        "real": embedded(folder / "samples" / "real.png", "Real images"),
        "progress": animation(grids, "Generated images from the first grid to the last"),
        "charts": _charts(losses, metrics),
        "scores": _scores(files.scores())[:MOST_PROTOCOLS],
        "score_charts": _score_charts(files.scores())[:MOST_PROTOCOLS],
        "failures": files.failures(),
        "nearest": embedded(folder / "neighbours.png", "Samples beside their nearest training images"),
        "neighbours": files.neighbours(),
        "messages": files.messages(),
        "environment": environment,
        "configuration": _yaml(config),
        "making": files.making(),
        "commands": _commands(run, files.record(), end, metrics),
    }


def _parts(config: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the classes of a run's model, networks, loss and data, by what they are."""
    model, data = section(config, "model"), section(config, "data")
    nodes = {
        "model": model,
        "generator": model.get("generator"),
        "discriminator": model.get("discriminator"),
        "loss": model.get("loss"),
        "data": data,
    }
    classes = {key: node.get("_target_") for key, node in nodes.items() if isinstance(node, dict)}
    return [(key, target.rpartition(".")[2]) for key, target in classes.items() if isinstance(target, str)]


def _figures(end: int, metrics: dict[str, Curve], environment: dict[str, str]) -> list[tuple[str, str]]:
    """Return the numbers at the head of the page, each with what it is."""
    found = [("iterations", f"{end:,}")]
    if seen := environment.get(IMAGES_SEEN):
        found.append((IMAGES_SEEN, seen))
    elif curve := metrics.get("images_seen"):
        found.append((IMAGES_SEEN, f"{curve[1][-1]:,.0f}"))
    if speed := metrics.get("images_per_second"):
        found.append(("images per second", f"{sorted(speed[1])[len(speed[1]) // 2]:,.0f}"))
    if spent := environment.get("time of the last part"):
        found.append(("time of the last part", spent))
    return found


def _charts(losses: dict[str, Curve], metrics: dict[str, Curve]) -> list[Chart]:
    """Return the charts of the losses in every iteration and of D's outputs."""
    level = None
    if marked := metrics.get(UNDECIDED):
        level = f"undecided, {marked[1][-1]:g}", marked[1][-1]
    every = [chart("Losses", losses), chart("Discriminator outputs", output_curves(metrics), level)]
    return [each for each in every if each]


def _by_protocol(records: Sequence[ScoreRecord]) -> list[list[Draws]]:
    """Return the draws of each protocol in the order of their iterations."""
    found: dict[str, list[Draws]] = {}
    for each in draws(records):
        found.setdefault(protocol(each.record), []).append(each)
    return [sorted(of_one, key=lambda each: each.record.iteration) for of_one in found.values()]


def _scores(records: Sequence[ScoreRecord]) -> list[Score]:
    found = []
    for history in _by_protocol(records):
        record, best = history[-1].record, min(history, key=lambda each: each.loss)
        real = f"{record.n_real:,} real images ({record.split})" if record.n_real else "no real images"
        features = f"{record.extractor} {record.extractor_sha256[:8]}".strip()
        words = (
            f"{record.n_fake:,} generated and {real}; features of {features}, resize {record.resize}; "
            f"{record.weights} weights, batch norm {record.batch_norm}"
        )
        found.append(Score(record.score, record.better, history[-1], best, words))
    return found


def _score_charts(records: Sequence[ScoreRecord]) -> list[Chart]:
    every = [
        chart(
            f"{history[0].record.score}, {history[0].record.better} is better",
            {history[0].record.score: ([each.record.iteration for each in history], [each.mean for each in history])},
        )
        for history in _by_protocol(records)
    ]
    return [each for each in every if each]


def _commands(run: str, record: dict[str, Any], end: int, metrics: dict[str, Curve]) -> list[tuple[str, str]]:
    """Return command lines for what one does with such a run, each with what it is for."""
    epochs = int(metrics.get("epoch", ([0], [-1.0]))[1][-1]) + 1
    flags = flags_of(record)
    found = next_commands(run, section(record, "config"), end, epochs, flags=flags)
    copies = {"look for copies of training images": "neighbours"} if "sample" in found else {}
    further = {**copies, "take the generator elsewhere": "export", "write this report again": "report"}
    found |= {what: shlex.join(["gan-lightning", name, f"run={run}", *flags]) for what, name in further.items()}
    return [(f"{what[0].upper()}{what[1:]}", line) for what, line in found.items()]


def _yaml(config: dict[str, Any]) -> str:
    try:
        return yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
    except (yaml.YAMLError, RecursionError):
        return ""
