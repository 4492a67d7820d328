"""Scores during training."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lightning import Callback, Trainer
from lightning.pytorch.loggers import Logger, TensorBoardLogger

from gan_lightning.callbacks.checkpoint_io import is_last_of_run, resumed_from
from gan_lightning.callbacks.graceful_stop import GracefulStop
from gan_lightning.data.stored import Split
from gan_lightning.evaluation.records import EVALUATIONS, SCORES, ScoreFile, ScoreRecord, ScoringFailure
from gan_lightning.evaluation.sampling import SamplingOptions
from gan_lightning.evaluation.scorer import Scorer, TrainingProgress
from gan_lightning.metrics.extractors.extractor import Extractor
from gan_lightning.metrics.metric import Metric
from gan_lightning.models.game import AdversarialGame, Weights
from gan_lightning.reports.comparison_tables import whole_records
from gan_lightning.reports.history import Course, Courses
from gan_lightning.types import Batch, NonNegativeInt, PositiveInt

log = logging.getLogger(__name__)


class ScoreLog:
    """Of a run; only its first process writes and speaks.

    Args:
        folder: of the run.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = ScoreFile(folder / SCORES)
        self.warned: set[str] = set()

    def begin(self, trainer: Trainer) -> None:
        """Leave to the folder no scores but those of what the run goes on from, which lie beside its checkpoints."""
        if not trainer.is_global_zero:
            return
        checkpoint = resumed_from(trainer)
        before = checkpoint.parent.parent if checkpoint else None
        goes_on_here = before == self.folder.resolve()
        for name in (SCORES, EVALUATIONS):
            own = ScoreFile(self.folder / name)
            if goes_on_here:
                own.rewind(trainer.global_step)
            else:
                own.file.unlink(missing_ok=True)
        if before and not goes_on_here:
            self.file.begin_with(ScoreFile(before / SCORES), trainer.global_step)

    def write(self, trainer: Trainer, records: Sequence[ScoreRecord]) -> None:
        """What an iteration scored; each of its warnings is said once in a run."""
        if not trainer.is_global_zero:
            return
        iteration = trainer.global_step
        log.info("iteration %d: %s", iteration, ", ".join(f"{record.score} {record.value:.4g}" for record in records))
        for warning in dict.fromkeys(said for record in records for said in record.warnings):
            self.warn(trainer, warning)
        self.file.append(records)
        show(records, trainer.loggers, iteration)

    def fail(self, trainer: Trainer, reason: str) -> None:
        """That an iteration could not be scored, and why."""
        iteration = trainer.global_step
        self.warn(trainer, f"no scores at iteration {iteration:,}: {reason}")
        if trainer.is_global_zero:
            self.file.append([ScoringFailure(iteration, reason)])

    def warn(self, trainer: Trainer, said: str) -> None:
        """Once for each sentence."""
        if said not in self.warned and trainer.is_global_zero:
            self.warned.add(said)
            log.warning(said)

    def say(self, trainer: Trainer, said: str) -> None:
        """A line of the run's log."""
        if trainer.is_global_zero:
            log.info(said)


class Scores(Callback):
    """Scores G at the first batch at or past each multiple of a number of images seen, and at the end.

    Metrics share one pass of generated images, and processes its work. The first one writes a line of `scores.jsonl`
    for each score, `scores/<name>` to every logger, and the records to TensorBoard as text. Training does not notice.
    Images that cannot be scored, such as those of a diverged G, get a warning and a line that says why; without metrics
    nothing happens. A run that Ctrl-C ends is not scored at its end, for that may take long. Checkpoints keep the best
    and the last values alone.

    Args:
        metrics: by name.
        extractor: of the features; None will do without metrics.
        folder: of the run, for `scores.jsonl`.
        every_n_images: images seen between scores; None for the end alone.
        num_images: so many are generated and scored; models that translate score what their source has at most.
        split: of the real images.
        seed: of the noise; apart from the run's, so that runs with other seeds compare.
        batch_size: images generated at once.
        weights: `ema`, the moving average where there is one, or `raw`.
        follow: the score that is warned of and that the best checkpoint goes by; None for the first.

    Raises:
        ValueError: before training, where a metric was not chosen, the score to follow is none of theirs, or the
            metrics cannot be computed of these data by this extractor or of so few images.
    """

    def __init__(
        self,
        metrics: Mapping[str, Metric],
        extractor: Extractor | None,
        folder: str,
        every_n_images: PositiveInt | None = 200_000,
        num_images: PositiveInt = 10_000,
        split: Split = "train",
        seed: NonNegativeInt = 0,
        batch_size: PositiveInt = 64,
        weights: Weights = "ema",
        follow: str | None = None,
    ) -> None:
        for name, metric in metrics.items():
            if not isinstance(metric, Metric):
                raise ValueError(f"metrics.{name} is given settings, but {name} is not among the chosen metrics")
            if num_images < metric.fewest:
                raise ValueError(
                    f"callbacks.scores.num_images must be at least {metric.fewest} for metric={name}; got {num_images}"
                )
        self.metrics = dict(metrics)
        self.extractor = extractor
        self.record = ScoreLog(Path(folder))
        self.every_n_images = every_n_images
        self.num_images = num_images
        self.split: Split = split
        self.options = SamplingOptions(seed, batch_size, weights)
        self.follow = follow
        self.courses = Courses()
        self.names: list[str] = []
        self.seen = 0
        self.scored = -1

    def setup(self, trainer: Trainer, pl_module: AdversarialGame, stage: str) -> None:
        if not self.metrics:
            return
        assert self.extractor
        data = trainer.datamodule  # type: ignore[attr-defined]
        self.scorer = Scorer(self.metrics, self.extractor, data, self.split, trainer.strategy.root_device)
        self.scorer.check(pl_module, self.num_images)
        self.names = self.scorer.names(pl_module)
        if self.follow and self.follow not in self.names:
            raise ValueError(
                f"callbacks.scores.follow must be one of the scores {', '.join(self.names)}; got {self.follow}"
            )
        for direction in pl_module.directions:
            self.scorer.real(direction)

    def on_train_start(self, trainer: Trainer, pl_module: AdversarialGame) -> None:
        self.seen = pl_module.images_seen
        self.record.begin(trainer)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: AdversarialGame, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        before, self.seen = self.seen, pl_module.images_seen
        every = self.every_n_images
        # The end is scored here too, so that the last checkpoint knows of it.
        if (every and before // every < self.seen // every) or is_last_of_run(trainer):
            self._score(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: AdversarialGame) -> None:
        self._score(trainer, pl_module)
        name, course = self.followed() or ("", None)
        if course and course.is_far_worse():
            self.record.warn(trainer, f"{name}: the last, {course.last}, is far worse than the best, {course.best}")

    def on_save_checkpoint(self, trainer: Trainer, pl_module: AdversarialGame, checkpoint: dict[str, Any]) -> None:
        """Score before the last checkpoint: that Lightning's timer ends a run shows only after `on_train_batch_end`."""
        if self.metrics and is_last_of_run(trainer):
            self._score(trainer, pl_module)
            checkpoint["callbacks"][self.state_key] = self.state_dict()

    @property
    def charts(self) -> list[str]:
        """The tags of the scores, without deviations."""
        return [f"scores/{name}" for name in self.names]

    def followed(self) -> tuple[str, Course] | None:
        """The name and the course of the score that is followed; None before there is one."""
        name = self.follow or next(iter(self.names), "")
        return (name, self.courses.courses[name]) if name in self.courses.courses else None

    def state_dict(self) -> dict[str, Any]:
        return {"courses": self.courses.plain()} if self.courses.courses else {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        if self.metrics:
            self.courses = Courses.from_plain(state_dict.get("courses", {}))

    def _score(self, trainer: Trainer, module: AdversarialGame) -> None:
        iteration = trainer.global_step
        if not self.metrics or iteration == self.scored:
            return
        self.scored = iteration
        if _is_stopped(trainer):
            self.record.say(trainer, f"no scores at iteration {iteration:,}, for Ctrl-C has ended the run")
            return
        moment = TrainingProgress(iteration, module.images_seen, module.seed, str(self.record.folder))
        try:
            records = self.scorer(module, self.options, self.num_images, moment)
        except Exception as error:
            if not isinstance(error, ValueError) and not is_last_of_run(trainer):
                raise
            # At the end anything may be wrong: the last checkpoint is still to come.
            self.courses.fail(iteration)
            self.record.fail(trainer, str(error) or type(error).__name__)
            return
        self.courses.add(records, self.names)
        self.record.write(trainer, records)


def _is_stopped(trainer: Trainer) -> bool:
    """Whether Ctrl-C ends the run, in any process: the others would wait for its share of the images."""
    stopped = any(isinstance(each, GracefulStop) and each.stopped for each in trainer.callbacks)  # type: ignore[attr-defined]
    return trainer.strategy.reduce_boolean_decision(stopped, all=False)


def show(records: Sequence[ScoreRecord], loggers: Sequence[Logger], iteration: int) -> None:
    """The values to every logger as `scores/<name>`, the records to TensorBoard as text."""
    for logger in loggers:
        logger.log_metrics({f"scores/{record.score}": record.value for record in records}, step=iteration)
        if isinstance(logger, TensorBoardLogger):
            logger.experiment.add_text("scores", whole_records(records), iteration)
