"""Scores of a model by any number of metrics."""

import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace

import torch
from lightning import LightningDataModule

from gan_lightning.data.module import StoredDataModule
from gan_lightning.data.stored import Split
from gan_lightning.evaluation.collectives import all_gather, broadcast_from_rank_zero, run_on_all_ranks, share
from gan_lightning.evaluation.real_statistics import Real, real_statistics
from gan_lightning.evaluation.records import Context, ScoreRecord, versions
from gan_lightning.evaluation.sampling import SamplingOptions, batch_norms, effective_precision, sample_images
from gan_lightning.metrics.extractors.extractor import Extracted, Extractor
from gan_lightning.metrics.images import to_levels
from gan_lightning.metrics.metric import SOME, Metric
from gan_lightning.metrics.statistics import Need, Statistics
from gan_lightning.models.game import AdversarialGame
from gan_lightning.models.translation import target_domain
from gan_lightning.types import ImageSet, PositiveInt

log = logging.getLogger(__name__)


def with_few(metrics: Mapping[str, Metric], few: Mapping[str, Metric], counts: Iterable[int]) -> Mapping[str, Metric]:
    """The metrics, and those for few images where the least of the counts is below 10,000."""
    added = [name for name in few if name not in metrics]
    if min(counts) >= SOME or not added:
        return metrics
    log.info("%s added, for there are fewer than %s images", ", ".join(added), f"{SOME:,}")
    return {**metrics, **{name: few[name] for name in added}}


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
    subject: Context,
    failed: dict[str, str] | None = None,
) -> list[ScoreRecord]:
    """A record for each score of each metric that can be computed.

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
    records: list[ScoreRecord] = []
    reasons: dict[str, str] = {}
    for name, metric in metrics.items():
        try:
            records += _records(metric, real, fake, extractor, subject)
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


def _records(metric: Metric, real: Real, fake: Statistics, extractor: Extractor, subject: Context) -> list[ScoreRecord]:
    """Those of one metric; the real images stand on them only where it sees them."""
    sees_real = bool(metric.needs_of_real)
    warnings = [*extractor.warnings, *metric.warnings(real.statistics, fake)]
    return [
        ScoreRecord(
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


@dataclass(frozen=True)
class TrainingProgress:
    """When and in which run a model is scored.

    Args:
        iteration: of training.
        images_seen: real images until then.
        seed: of the run.
        run: its folder.
    """

    iteration: int
    images_seen: int
    seed: int
    run: str


class Scorer:
    """Scores models on one data set by any number of metrics, in one pass of generated images.

    Args:
        metrics: by name.
        extractor: of the features.
        data: where the real images are; for models that translate also what they translate.
        split: of the real images; the records say `train` where the set has no others.
        device: of the extractor.

    Raises:
        ValueError: where the data cannot be scored, or not by this extractor.
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
            raise ValueError(f"metric needs data of images; got {type(data).__name__}: take metric=[] or other data")
        self.metrics, self.extractor, self.data, self.split = dict(metrics), extractor, data, split
        self.needs = needed(self.metrics)
        sets = data.evaluation_images(split)
        extractor.prepare(sets[0], data.evaluation_images(data.evaluation_split())[0], data.cache_dir)
        extractor.to(device)
        self.found: dict[int, Real] = {}
        self.scores = self._rehearsed(sets[0])

    def _rehearsed(self, images: ImageSet) -> list[str]:
        """The names of the scores, and what is wrong with extractor and metrics, before anything has run.

        Metrics of moments alone are shown one column of the features, for with all of them they take long. Where there
        are fewer images than a metric needs, some stand twice here; whether it can do with them says `check`.
        """
        few = max([2, *(metric.fewest for metric in self.metrics.values())])
        rows = torch.from_numpy(images.rows([number % len(images) for number in range(few)]))
        features, logits = self.extractor(to_levels(rows))
        identity = self.extractor.identity
        whole = Statistics(identity, self.needs[0] | self.needs[1])
        whole.add(Extracted(features, logits))
        thin = Statistics(replace(identity, feature_dim=1), frozenset({"moments"}))
        thin.add(Extracted(features[:, :1], None))
        names = []
        for metric in self.metrics.values():
            found = thin if metric.needs_of_real | metric.needs_of_fake == {"moments"} else whole
            for score, value in metric(found, found).items():
                if not math.isfinite(value) and len(images) >= few:
                    raise ValueError(f"{score} of real images held against themselves must be finite; got {value}")
                names += [score] if metric.better(score) != "neither" else []
        return names

    def names(self, model: AdversarialGame) -> list[str]:
        """Of all its scores but deviations, in the order of the metrics, one direction after the other."""
        return [f"{score}{_end(model, direction)}" for direction in model.directions for score in self.scores]

    def check(self, model: AdversarialGame, num_images: PositiveInt) -> None:
        """Hold the numbers of images against what the metrics need at the least.

        Raises:
            ValueError: where there are too few real ones, or too few to be translated.
        """
        for direction in model.directions:
            real = self.data.evaluation_images(self.split)[target_domain(direction)]
            made = self.count(model, direction, num_images)
            why = f"num_images is {made}" if made == num_images else f"there are {made} to be translated"
            for name, metric in self.metrics.items():
                for what, count, needs in (
                    (f"real images, and split={self.split} has {len(real)}", len(real), metric.needs_of_real),
                    (f"generated images, and {why}", made, metric.needs_of_fake),
                ):
                    if needs and count < metric.fewest:
                        raise ValueError(f"metric={name} needs at least {metric.fewest} {what}")

    def count(self, model: AdversarialGame, direction: str, num_images: PositiveInt) -> int:
        """Of the images that are scored where so many are asked for: a translation's source may have fewer."""
        return min(num_images, model.generator_inputs.count(self.data, direction) or num_images)

    def real(self, direction: str = "") -> Real:
        """Statistics of the images that a direction's are held against: from disk where they are, else made now."""
        domain = target_domain(direction)
        if domain not in self.found:
            images = self.data.evaluation_images(self.split)[domain]
            folder, split = self.data.cache_dir, self.data.true_split(self.split, domain)
            self.found[domain] = real_statistics(images, split, self.extractor, self.needs[0], folder)
        return self.found[domain]

    def __call__(
        self, model: AdversarialGame, options: SamplingOptions, num_images: PositiveInt, moment: TrainingProgress
    ) -> list[ScoreRecord]:
        """A record for each score and direction; every process must ask, and all get the same.

        Where a model goes two ways, the scores' names end in the direction, `fid_xy` and `fid_yx`.

        Args:
            model: on its device.
            options: how its images are made.
            num_images: so many are scored, of a model that translates as many as there are at most.
            moment: what the records say of the run.

        Raises:
            ValueError: where images are not finite or a metric cannot be computed of them.
        """
        records = []
        for direction in model.directions:
            end = _end(model, direction)
            for record in self._way(model, options, num_images, moment, direction):
                records.append(replace(record, score=record.score + end))
        return records

    def _way(
        self,
        model: AdversarialGame,
        options: SamplingOptions,
        num_images: int,
        moment: TrainingProgress,
        direction: str,
    ) -> list[ScoreRecord]:
        real = self.real(direction)
        count = self.count(model, direction, num_images)
        images = sample_images(model, options, share(count), self.data, direction)
        fake = all_gather(run_on_all_ranks(lambda: Statistics.of(images, self.extractor, self.needs[1])))
        norm = options.batch_norm if batch_norms(model.part(model.generator, direction)) else "none"
        subject = Context(
            weights="ema" if model.ema and options.weights == "ema" else "raw",
            batch_norm=norm,
            latent_seed=options.seed,
            precision=effective_precision(model, options),
            source=model.generator_inputs.description(self.data, direction),
            batch_size=options.batch_size if norm in ("batch", "standing") else 0,
            **vars(moment),
        )
        return broadcast_from_rank_zero(lambda: scored(self.metrics, real, fake, self.extractor, subject))


def _end(model: AdversarialGame, direction: str) -> str:
    """Of a score's name."""
    return f"_{direction}" if len(model.directions) > 1 else ""
