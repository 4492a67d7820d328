"""The table and the warnings that `gan-lightning evaluate` shows."""

from dataclasses import replace
from itertools import combinations, pairwise

from rich.console import Console
from rich.table import Table

from gan_lightning.evaluation.records import protocol
from gan_lightning.reports.history import Draws


def show(found: list[Draws]) -> None:
    """Print a table of the scores without their own deviations; columns that all rows share are a line above it."""
    rows = [_cells(score) for score in found if score.record.better != "neither"]
    own = [name for name in rows[0] if name in ("score", "value") or len({row[name] for row in rows}) > 1]
    identity = found[0].record
    features = f"features: {identity.extractor} {identity.extractor_sha256[:8]}, resize {identity.resize}"
    shared = [f"{name}: {value}" for name, value in rows[0].items() if name not in own]
    table = Table(*own)
    for row in rows:
        table.add_row(*(row[name] for name in own))
    console = Console()
    console.print("; ".join([features, *shared]), markup=False, highlight=False, soft_wrap=True)
    console.print(table)


def _cells(score: Draws) -> dict[str, str]:
    record = score.record
    return {
        "score": record.score,
        "value": str(score),
        "seeds": str(len(score.records)),
        "fakes": f"{record.n_fake:,}",
        "real": f"{record.n_real:,} {record.split}" if record.n_real else "none",
        "weights": record.weights,
        "batch norm": record.batch_norm,
    }


RELATIVE_DIFFERENCE = 0.1
"""The part of the greater score by which two batch-norm modes must differ for a warning."""


def batch_norm_warnings(found: list[Draws]) -> list[str]:
    """Return a sentence for each pair of batch-norm modes whose scores differ by a tenth and twice their deviation.

    The deviation is the greatest there is: over latent seeds, or the score's own, such as KID's over its subsets.
    """
    own = {protocol(a.record): b.mean for a, b in pairwise(found) if b.record.is_deviation_of(a.record)}
    said = []
    for one, other in combinations([score for score in found if score.record.better != "neither"], 2):
        modes = one.record.batch_norm, other.record.batch_norm
        in_one_mode = replace(other.record, batch_norm=modes[0], batch_size=one.record.batch_size)
        if modes[0] == modes[1] or protocol(one.record) != protocol(in_one_mode):
            continue
        greater = max(abs(one.mean), abs(other.mean))
        deviation = max(max(score.deviation or 0.0, own.get(protocol(score.record), 0.0)) for score in (one, other))
        if abs(one.mean - other.mean) > max(RELATIVE_DIFFERENCE * greater, 2 * deviation):
            said.append(
                f"{one.record.score} of {one.record.n_fake:,} images by {one.record.weights} weights is {one} with "
                f"batch norm {modes[0]} and {other} with {modes[1]}: the running averages do not represent the batches."
            )
    return said
