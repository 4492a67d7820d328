"""From statistics of real and generated images to cards."""

import logging
from collections.abc import Mapping
from dataclasses import asdict

from gan_lightning.metrics.card import Card, Subject
from gan_lightning.metrics.extractors.extractor import Extractor
from gan_lightning.metrics.metric import Metric
from gan_lightning.metrics.real import Real
from gan_lightning.metrics.statistics import Need, Statistics
from gan_lightning.metrics.versions import versions

log = logging.getLogger(__name__)


def needed(metrics: Mapping[str, Metric]) -> tuple[frozenset[Need], frozenset[Need]]:
    """What has to be gathered of real and of generated images for all of them."""
    of_real = frozenset[Need]().union(*(metric.needs_of_real for metric in metrics.values()))
    of_fake = frozenset[Need]().union(*(metric.needs_of_fake for metric in metrics.values()))
    return of_real, of_fake


def scored(
    metrics: Mapping[str, Metric],
    real: Real,
    fake: Statistics,
    extractor: Extractor,
    subject: Subject,
    failed: dict[str, str] | None = None,
) -> list[Card]:
    """A card for each score of each metric that can be computed.

    Args:
        metrics: by name.
        real: what the images are held against.
        fake: the images.
        extractor: of the features.
        subject: what was scored.
        failed: takes the reason, by name, for each metric that cannot be computed; without it the log does.

    Raises:
        ValueError: where no metric can be computed of these images.
    """
    cards: list[Card] = []
    reasons: dict[str, str] = {}
    for name, metric in metrics.items():
        try:
            cards += _cards(metric, real, fake, extractor, subject)
        except ValueError as error:
            reasons[name] = str(error)
    if reasons and not cards:
        raise ValueError("; ".join(dict.fromkeys(reasons.values())))
    if failed is not None:
        failed |= reasons
    else:
        for name, reason in reasons.items():
            log.warning("metric=%s gives no score: %s", name, reason)
    return cards


def _cards(metric: Metric, real: Real, fake: Statistics, extractor: Extractor, subject: Subject) -> list[Card]:
    """Those of one metric; the real images stand on them only where it sees them."""
    sees_real = bool(metric.needs_of_real)
    warnings = [*extractor.warnings, *metric.warnings(real.statistics, fake)]
    return [
        Card(
            **asdict(subject),
            score=name,
            value=value,
            settings=metric.settings,
            n_real=metric.used(real.statistics, metric.needs_of_real) if sees_real else 0,
            n_fake=metric.used(fake, metric.needs_of_fake),
            split=real.split if sees_real else "",
            data=real.fingerprint if sees_real else "",
            resize=extractor.identity.resize,
            extractor=extractor.identity.name,
            extractor_sha256=extractor.identity.sha256,
            versions=versions(),
            warnings=warnings,
            better=metric.better(name),
        )
        for name, value in metric(real.statistics, fake).items()
    ]
