"""From statistics of real and generated images to cards."""

from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version

from gan_lightning.metrics.card import Card, Subject
from gan_lightning.metrics.extractors.extractor import Extractor
from gan_lightning.metrics.metric import Metric
from gan_lightning.metrics.real import Real
from gan_lightning.metrics.statistics import Need, Statistics

LIBRARIES = ("torch", "torchvision", "torch-fidelity", "numpy")


def needed(metrics: Mapping[str, Metric]) -> tuple[frozenset[Need], frozenset[Need]]:
    """What has to be gathered of real and of generated images for all of them."""
    of_real = frozenset[Need]().union(*(metric.needs_of_real for metric in metrics.values()))
    of_fake = frozenset[Need]().union(*(metric.needs_of_fake for metric in metrics.values()))
    return of_real, of_fake


def scored(
    metrics: Mapping[str, Metric], real: Real, fake: Statistics, extractor: Extractor, subject: Subject
) -> list[Card]:
    """A card for each score of each metric.

    Raises:
        ValueError: where a metric cannot be computed of these images.
    """
    cards = []
    for metric in metrics.values():
        values = metric(real.statistics, fake)
        warnings = [*extractor.warnings, *metric.warnings(real.statistics, fake)]
        cards += [
            Card(
                **asdict(subject),
                score=name,
                value=value,
                settings=metric.settings,
                n_real=metric.used(real.statistics, metric.needs_of_real) if metric.needs_of_real else 0,
                n_fake=metric.used(fake, metric.needs_of_fake),
                split=real.split,
                data=real.fingerprint,
                resize=extractor.identity.resize,
                extractor=extractor.identity.name,
                extractor_sha256=extractor.identity.sha256,
                versions={library: version(library) for library in LIBRARIES},
                warnings=warnings,
                better=metric.better(name),
            )
            for name, value in values.items()
        ]
    return cards
