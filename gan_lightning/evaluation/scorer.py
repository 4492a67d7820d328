"""Scores of a model by any number of metrics, in one pass of generated images."""

import logging
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace

import torch
from lightning import LightningDataModule

from gan_lightning.data.module import StoredDataModule
from gan_lightning.data.splits import Split
from gan_lightning.evaluation.collectives import (
    AbandonedError,
    broadcast_from_rank_zero,
    gather_on_rank_zero,
    is_asked_on_any_rank,
    run_on_all_ranks,
    share,
)
from gan_lightning.evaluation.real_statistics import RealStatistics, real_statistics
from gan_lightning.evaluation.records import Context, ScoreRecord, versions
from gan_lightning.evaluation.sampling import SamplingOptions, batch_norms, effective_precision, sample_images
from gan_lightning.metrics.extractors.extractor import Extractor, ExtractorOutput
from gan_lightning.metrics.images import to_uint8
from gan_lightning.metrics.metric import BIAS_BELOW, Metric
from gan_lightning.metrics.statistics import StatisticKind, Statistics
from gan_lightning.models.game import AdversarialGame
from gan_lightning.models.translation import target_domain
from gan_lightning.types import Images, ImageSet, PositiveInt

log = logging.getLogger(__name__)


def with_small_sample_metrics(
    metrics: Mapping[str, Metric], few: Mapping[str, Metric], counts: Iterable[int]
) -> Mapping[str, Metric]:
    """Return the metrics, and also those for small samples where the least of the counts is below 10,000."""
    added = [name for name in few if name not in metrics]
    if min(counts) >= BIAS_BELOW or not added:
        return metrics
    log.info("%s added, because there are fewer than %s images", ", ".join(added), f"{BIAS_BELOW:,}")
    return {**metrics, **{name: few[name] for name in added}}


def needs_of(metrics: Mapping[str, Metric]) -> tuple[frozenset[StatisticKind], frozenset[StatisticKind]]:
    """Return the kinds of statistics of real images, and of generated images, that the metrics need together."""
    real = frozenset[StatisticKind]().union(*(metric.real_inputs for metric in metrics.values()))
    fake = frozenset[StatisticKind]().union(*(metric.fake_inputs for metric in metrics.values()))
    return real, fake


def make_records(
    metrics: Mapping[str, Metric],
    real: RealStatistics,
    fake: Statistics,
    extractor: Extractor,
    context: Context,
    failed: dict[str, str] | None = None,
) -> list[ScoreRecord]:
    """Return a record for each score of each metric that can be computed.

    Args:
        metrics: the metrics by name.
        real: the statistics of the real images.
        fake: the statistics of the images that are scored.
        extractor: the extractor of both.
        context: what was scored.
        failed: a dictionary that takes the reason, by name, for each metric that cannot be computed; without it the
            reasons are logged.

    Raises:
        ValueError: if none of the metrics can be computed.
    """
    records: list[ScoreRecord] = []
    reasons: dict[str, str] = {}
    for name, metric in metrics.items():
        try:
            records += _records_of_metric(metric, real, fake, extractor, context)
        except ValueError as error:
            reasons[name] = str(error)
    if reasons and not records:
        raise ValueError("; ".join(dict.fromkeys(reasons.values())))
    if failed is not None:
        failed |= reasons
    else:
        for name, reason in reasons.items():
            log.warning("metric=%s gives no score: %s", name, reason)
    return records


def _records_of_metric(
    metric: Metric, real: RealStatistics, fake: Statistics, extractor: Extractor, context: Context
) -> list[ScoreRecord]:
    """Return a metric's records, which name the real images only if the metric uses them."""
    scores, uses_real = metric(real.statistics, fake), bool(metric.real_inputs)
    warnings = [*extractor.warnings, *metric.warnings(scores, real.statistics, fake)]
    return [
        ScoreRecord(
            **asdict(context),
            score=score.name,
            value=score.value,
            settings=metric.settings,
            n_real=metric.num_used(real.statistics, metric.real_inputs) if uses_real else 0,
            n_fake=metric.num_used(fake, metric.fake_inputs),
            split=real.split if uses_real else "",
            data=real.fingerprint if uses_real else "",
            resize=extractor.identity.resize,
            extractor=extractor.identity.name,
            extractor_sha256=extractor.identity.sha256,
            versions=versions(),
            warnings=warnings,
            better=score.better,
        )
        for score in scores
    ]


@dataclass(frozen=True)
class TrainingProgress:
    """The run and the point in its training at which a model is scored.

    Args:
        iteration: the iteration of training.
        images_seen: real images that training has used so far.
        seed: the seed of the run.
        run: the folder of the run.
    """

    iteration: int
    images_seen: int
    seed: int
    run: str


def context_of(
    model: AdversarialGame,
    options: SamplingOptions,
    progress: TrainingProgress,
    data: LightningDataModule,
    direction: str = "",
) -> Context:
    """Return what is scored when images of a direction are made with these options."""
    norm = options.batch_norm if batch_norms(model.generator_part(model.generator, direction)) else "none"
    return Context(
        weights="ema" if model.ema and options.weights == "ema" else "raw",
        batch_norm=norm,
        latent_seed=options.seed,
        precision=effective_precision(model, options),
        source=model.generator_inputs.description(data, direction),
        batch_size=options.batch_size if norm in ("batch", "standing") else 0,
        **vars(progress),
    )


class Scorer:
    """Scores of models on one data set, by metrics that share one pass of generated images.

    Args:
        metrics: the metrics by name.
        extractor: the feature extractor.
        data: the data module with the real images, and for models that translate also with the images to translate.
        split: the split of the real images; the records name `train` if it has exactly the training images.
        device: the device of the extractor.

    Raises:
        ValueError: if the data have no images to compare with, or this extractor or a metric cannot be used on them.
    """

    def __init__(
        self,
        metrics: Mapping[str, Metric],
        extractor: Extractor,
        data: LightningDataModule,
        split: Split = "train",
        device: torch.device | str = "cpu",
    ) -> None:
        if not isinstance(data, StoredDataModule):
            raise ValueError(f"metric needs data of images; got {type(data).__name__}: use metric=[] or other data")
        self.metrics, self.extractor, self.data, self.split = dict(metrics), extractor, data, split
        self.needs = needs_of(self.metrics)
        training, held_out = (data.evaluation_images(name)[0] for name in ("train", data.evaluation_split()))
        extractor.prepare(training, held_out, data.cache_folder)  # the same for each split, so that scores compare
        extractor.to(device)
        self.real_by_domain: dict[int, RealStatistics] = {}
        self.scores = self._rehearse(data.evaluation_images(split)[0])

    def _rehearse(self, images: ImageSet) -> list[str]:
        """Compute all scores of a few real images, so that errors show before training, and return the scores' names.

        Metrics of moments alone get one column of the features, because their time grows with the cube of the columns.
        If there are fewer images than a metric needs, some are used twice; `check` tests whether they are enough.
        """
        fewest = max([2, *(metric.min_images for metric in self.metrics.values())])
        rows = torch.from_numpy(images.rows([number % len(images) for number in range(fewest)]))
        features, logits = self.extractor(to_uint8(rows))
        identity = self.extractor.identity
        whole = Statistics(identity, self.needs[0] | self.needs[1])
        whole.add(ExtractorOutput(features, logits))
        one_column = Statistics(replace(identity, feature_dim=1), frozenset({"moments"}))
        one_column.add(ExtractorOutput(features[:, :1], None))
        names = []
        for metric in self.metrics.values():
            found = one_column if metric.real_inputs | metric.fake_inputs == {"moments"} else whole
            for score in metric(found, found):
                if not math.isfinite(score.value) and len(images) >= fewest:
                    raise ValueError(
                        f"{score.name} of real images compared with themselves must be finite; got {score.value}"
                    )
                names += [score.name] if score.better != "neither" else []
        return names

    def names(self, model: AdversarialGame) -> list[str]:
        """Return the names of a model's scores without deviations, direction by direction, in the metrics' order."""
        return [f"{score}{_suffix(model, direction)}" for direction in model.directions for score in self.scores]

    def check(self, model: AdversarialGame, num_images: PositiveInt) -> None:
        """Compare the numbers of images with the fewest that the metrics need.

        Raises:
            ValueError: if there are too few real images, too few generated ones, or too few to translate.
        """
        for direction in model.directions:
            real = self.data.evaluation_images(self.split)[target_domain(direction)]
            made = self.count(model, direction, num_images)
            why = f"num_images is {made}" if made == num_images else f"there are {made} to be translated"
            for name, metric in self.metrics.items():
                for what, count, needs in (
                    (f"real images, and split={self.split} has {len(real)}", len(real), metric.real_inputs),
                    (f"generated images, and {why}", made, metric.fake_inputs),
                ):
                    if needs and count < metric.min_images:
                        raise ValueError(f"metric={name} needs at least {metric.min_images} {what}")

    def count(self, model: AdversarialGame, direction: str, num_images: PositiveInt) -> int:
        """Return how many images are scored: `num_images`, or fewer where there are fewer images to translate."""
        return min(num_images, model.generator_inputs.count(self.data, direction) or num_images)

    def real(self, direction: str = "") -> RealStatistics:
        """Return the statistics of the real images that a direction's images are compared with."""
        domain = target_domain(direction)
        if domain not in self.real_by_domain:
            images = self.data.evaluation_images(self.split)[domain]
            split = self.data.true_split(self.split, domain)
            found = real_statistics(images, split, self.extractor, self.needs[0], self.data.cache_folder)
            self.real_by_domain[domain] = found
        return self.real_by_domain[domain]

    def __call__(
        self, model: AdversarialGame, options: SamplingOptions, num_images: PositiveInt, progress: TrainingProgress
    ) -> list[ScoreRecord]:
        """Return a record for each score and direction; all ranks must call this, and all get the same.

        If a model has two directions, the scores' names end in the direction, `fid_xy` and `fid_yx`.

        Args:
            model: the model, on its device.
            options: how its images are made.
            num_images: how many images are scored; a model that translates makes as many as there are to translate.
            progress: the run's state, which is written to the records.

        Raises:
            ValueError: if images are not finite, or no metric can be computed from them.
            AbandonedError: if a signal has asked one of the ranks to stop.
        """
        records = []
        for direction in model.directions:
            suffix = _suffix(model, direction)
            for record in self._score_direction(model, options, num_images, progress, direction):
                records.append(replace(record, score=record.score + suffix))
        return records

    def _score_direction(
        self,
        model: AdversarialGame,
        options: SamplingOptions,
        num_images: int,
        progress: TrainingProgress,
        direction: str,
    ) -> list[ScoreRecord]:
        real = self.real(direction)
        count = self.count(model, direction, num_images)
        images = _until_interrupted(model, sample_images(model, options, share(count), self.data, direction))
        own = run_on_all_ranks(lambda: Statistics.from_images(images, self.extractor, self.needs[1]))
        fake = gather_on_rank_zero(own)
        context = context_of(model, options, progress, self.data, direction)
        return broadcast_from_rank_zero(lambda: make_records(self.metrics, real, fake, self.extractor, context))


def _until_interrupted(model: AdversarialGame, batches: Iterator[Images]) -> Iterator[Images]:
    for batch in batches:
        if is_asked_on_any_rank(bool(model.interrupted)):
            raise AbandonedError("the run is to stop")
        yield batch


def _suffix(model: AdversarialGame, direction: str) -> str:
    """Return the suffix of a score's name: the direction, if a model has two."""
    return f"_{direction}" if len(model.directions) > 1 else ""
