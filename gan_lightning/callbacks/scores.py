"""Scores during training."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lightning import Callback, Trainer

from gan_lightning.callbacks.cadence import Cadence, is_last_of_run
from gan_lightning.callbacks.publishing import publish_scalars, publish_text
from gan_lightning.callbacks.symptoms import Symptom
from gan_lightning.data.splits import Split
from gan_lightning.evaluation.collectives import AbandonedError
from gan_lightning.evaluation.records import SCORES, ScoreFile, ScoreRecord, ScoringFailure
from gan_lightning.evaluation.sampling import SamplingOptions
from gan_lightning.evaluation.scorer import Scorer, TrainingProgress
from gan_lightning.metrics.extractors.extractor import Extractor
from gan_lightning.metrics.metric import Metric
from gan_lightning.models.ema import Weights
from gan_lightning.models.game import AdversarialGame
from gan_lightning.reports.history import ScoreHistories, ScoreHistory
from gan_lightning.reports.markdown import whole_records
from gan_lightning.types import Batch, NonNegativeInt, PositiveInt

log = logging.getLogger(__name__)


class Scores(Callback):
    """Scores the generator at a cadence and at the end of a run; without metrics it does nothing.

    All metrics share one pass of generated images, which the processes divide among them. The first process writes a
    line of `scores.jsonl` for each score, `scores/<name>` to every logger, and the records as text.
    Training computes the same with and without scores. If images cannot be scored, such as those of a diverged
    generator, a warning and a line of `scores.jsonl` give the reason. A run that a signal ends is not scored at its
    end, because that may take long, and scores under way are abandoned; a resumed run makes up for those that were due.

    The iteration of the best value of the score that is followed is kept in `pl_module.best_iteration`; checkpoints
    hold the best and the last value of each score.

    Args:
        metrics: metrics by name.
        extractor: the network whose features the metrics compare; may be None without metrics.
        folder: the run folder, to which `scores.jsonl` is written.
        every_n_iterations: batches between scores; None to ignore iterations.
        every_n_epochs: epochs between scores; None to ignore epochs.
        num_images: number of generated images; a translating model makes at most as many as there are images to
            translate.
        split: the split of the real images.
        seed: seed of the noise; it is not the run's, so that runs with different seeds are comparable.
        batch_size: images generated at once.
        weights: `ema` for the moving average of the generator's weights, if there is one, or `raw` for the weights
            themselves.
        follow: the score that decides which iteration is the best; None for the first.

    Raises:
        ValueError: before training, if the score to follow does not exist, or if the metrics cannot be computed with
            this extractor, from these data or from so few images.
    """

    def __init__(
        self,
        metrics: Mapping[str, Metric],
        extractor: Extractor | None,
        folder: str,
        every_n_iterations: PositiveInt | None = 2000,
        every_n_epochs: PositiveInt | None = None,
        num_images: PositiveInt = 10_000,
        split: Split = "train",
        seed: NonNegativeInt = 0,
        batch_size: PositiveInt = 64,
        weights: Weights = "ema",
        follow: str | None = None,
    ) -> None:
        for name, metric in metrics.items():
            if num_images < metric.min_images:
                raise ValueError(
                    f"callbacks.scores.num_images must be at least {metric.min_images} for metric={name}; "
                    f"got {num_images}"
                )
        self.metrics = dict(metrics)
        self.extractor = extractor
        self.folder = Path(folder)
        self.file = ScoreFile(self.folder / SCORES)
        self.cadence = Cadence(every_n_iterations, every_n_epochs)
        self.num_images = num_images
        self.split: Split = split
        self.options = SamplingOptions(seed, batch_size, weights)
        self.follow = follow
        self.histories = ScoreHistories()
        self.names: list[str] = []
        self.scored = -1
        self.owed = -1
        self.warned: set[str] = set()

    @property
    def charts(self) -> list[str]:
        """The tags of the scores, without deviations."""
        return [f"scores/{name}" for name in self.names]

    def followed(self) -> tuple[str, ScoreHistory] | None:
        """Return the name and the history of the score that is followed; None before it has a value."""
        name = self.follow or next(iter(self.names), "")
        return (name, self.histories.by_name[name]) if name in self.histories.by_name else None

    # Hooks.

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
        self._note_best(pl_module)
        if self.owed == trainer.global_step:
            self._score(trainer, pl_module)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: AdversarialGame, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        # The end is scored here too, so that the last checkpoint holds its score.
        is_due = self.cadence.due_after_batch(trainer)
        if is_due or is_last_of_run(trainer):
            self._score(trainer, pl_module, is_due)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: AdversarialGame, checkpoint: dict[str, Any]) -> None:
        """Score before the last checkpoint: Lightning's timer may end a run after `on_train_batch_end`."""
        if self.metrics and is_last_of_run(trainer):
            self._score(trainer, pl_module)
            checkpoint["callbacks"][self.state_key] = self.state_dict()

    def on_train_end(self, trainer: Trainer, pl_module: AdversarialGame) -> None:
        self._score(trainer, pl_module)
        if trainer.is_global_zero and (followed := self.followed()):
            name, history = followed
            log.info("%s: best %s, last %s", name, history.best, history.last)

    def symptom(self) -> Symptom | None:
        """Return that the followed score is far worse than it was, if it is."""
        followed = self.followed()
        if followed is None or not followed[1].is_far_worse():
            return None
        name, history = followed
        return Symptom(
            "score far worse",
            f"{name} is {history.last}, far worse than its best, {history.best}; G has got worse since: best.ckpt has "
            "the best G, and a lower rate from there, ema=half_life or schedule=linear may hold it",
        )

    def state_dict(self) -> dict[str, Any]:
        histories = {"histories": self.histories.plain()} if self.histories.by_name else {}
        return histories | ({"owed": self.owed} if self.owed >= 0 else {})

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        if self.metrics:
            self.histories = ScoreHistories.from_plain(state_dict.get("histories", {}))
            self.owed = state_dict.get("owed", -1)

    # What the hooks share.

    def _score(self, trainer: Trainer, module: AdversarialGame, is_due: bool = True) -> None:
        """Score this iteration; if a signal prevents scores that are due at it in any run, they are owed."""
        iteration = trainer.global_step
        if not self.metrics or iteration == self.scored:
            return
        self.scored, self.owed = iteration, -1
        # Every process stops where one is interrupted: the others would wait for its share of the images.
        if trainer.strategy.reduce_boolean_decision(bool(module.interrupted), all=False):
            self._abandon(trainer, is_due)
            return
        module.average_buffers()
        progress = TrainingProgress(iteration, module.images_seen, module.seed, str(self.folder))
        try:
            records = self.scorer(module, self.options, self.num_images, progress)
        except AbandonedError:
            self._abandon(trainer, is_due)
            return
        except Exception as error:
            if not isinstance(error, ValueError) and not is_last_of_run(trainer):
                raise
            # At the end no error is raised, because the last checkpoint must still be written.
            self.histories.fail(iteration)
            if trainer.is_global_zero:
                self._write_failure(ScoringFailure(iteration, str(error) or type(error).__name__))
            return
        self.histories.add(records, self.names)
        self._note_best(module)
        if trainer.is_global_zero:
            self._write(trainer, records)

    def _abandon(self, trainer: Trainer, is_due: bool) -> None:
        """End the run with this iteration, on all ranks, so that its checkpoint knows what is owed."""
        trainer.should_stop = True
        iteration = trainer.global_step
        self.owed = iteration if is_due else -1
        later = "; the resumed run will make up for them" if is_due else ""
        log.info("no scores at iteration %s, because a signal has ended the run%s", f"{iteration:,}", later)

    def _note_best(self, module: AdversarialGame) -> None:
        followed = self.followed()
        module.best_iteration = followed[1].best.iteration if followed else None

    def _write(self, trainer: Trainer, records: Sequence[ScoreRecord]) -> None:
        iteration = trainer.global_step
        log.info("iteration %d: %s", iteration, ", ".join(f"{record.score} {record.value:.4g}" for record in records))
        followed = self.followed()
        for record in records:
            if followed and record.score == followed[0]:  # the records of the others have theirs
                for warning in record.warnings:
                    self._warn(warning)
        self.file.append(records)
        publish_scalars(trainer, {f"scores/{record.score}": record.value for record in records}, iteration)
        publish_text(trainer, "scores", whole_records(records), iteration)

    def _write_failure(self, failure: ScoringFailure) -> None:
        self._warn(f"no scores at iteration {failure.iteration:,}: {failure.failed}")
        self.file.append([failure])

    def _warn(self, sentence: str) -> None:
        """Log a warning; the same sentence is logged only once in a run."""
        if sentence not in self.warned:
            self.warned.add(sentence)
            log.warning(sentence)
