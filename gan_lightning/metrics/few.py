"""Metrics that are added where there are few images."""

import logging
from collections.abc import Iterable, Mapping

from gan_lightning.metrics.metric import SOME, Metric

log = logging.getLogger(__name__)


def with_few(metrics: Mapping[str, Metric], few: Mapping[str, Metric], counts: Iterable[int]) -> Mapping[str, Metric]:
    """The metrics, and those for few images where the least of the counts is below 10,000."""
    added = [name for name in few if name not in metrics]
    if min(counts) >= SOME or not added:
        return metrics
    log.info("%s added, for there are fewer than %s images", ", ".join(added), f"{SOME:,}")
    return {**metrics, **{name: few[name] for name in added}}
