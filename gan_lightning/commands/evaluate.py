"""`gan-lightning evaluate run=RUN` or `evaluate real=DIR fake=DIR`: scores of a checkpoint, or of a folder."""

import logging
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any, Literal

from hydra.utils import instantiate
from lightning import LightningDataModule, Trainer
from omegaconf import DictConfig

from gan_lightning.config import logs, schema
from gan_lightning.config.runs import checkpoint_of, restored
from gan_lightning.config.schema import numbers
from gan_lightning.data.module import Split, StoredDataModule
from gan_lightning.evaluation.folders import folder_scores
from gan_lightning.evaluation.records import EVALUATIONS, ScoreFile, ScoreRecord
from gan_lightning.evaluation.sampling import BatchNormMode, Precision, SamplingOptions, batch_norms
from gan_lightning.evaluation.scorer import Scorer, TrainingProgress, with_few
from gan_lightning.metrics.extractors.extractor import Extractor
from gan_lightning.metrics.metric import Metric
from gan_lightning.models.game import AdversarialGame, Weights
from gan_lightning.reports import evaluation_table
from gan_lightning.types import PositiveInt

log = logging.getLogger(__name__)

NUM_IMAGES = 10_000
"""Of a run, unless more or fewer are asked for."""
Metrics = Mapping[str, Metric]


def run(config: DictConfig) -> None:
    """Score, show a table, and write evaluation.jsonl; of a run also evaluations.jsonl beside it, for `compare`.

    Raises:
        ValueError: where a key, a folder or a checkpoint is wrong.
    """
    schema.check(config)
    logs.tidy()
    of_run, of_folders = (schema.arguments(half, config) for half in (evaluate, folder_scores))
    made = {key: instantiate(config[key]) for key in ("extractor", "metrics", "few")}  # before anything is read
    _hold(made["metrics"], made["few"])
    counts = [] if config.num_images is None else numbers("num_images", config.num_images, 1)
    made |= {"num_images": counts, "seeds": numbers("seeds", config.seeds, 0)}
    if _is_of_run(config.run, config.real, config.fake):
        records = evaluate(**of_run | made)
    else:
        del made["seeds"]  # of latents
        records = folder_scores(**of_folders | made)
    file = Path(config.run_dir) / "evaluation.jsonl"
    ScoreFile(file).append(records)
    found = evaluation_table.lines(records)
    evaluation_table.show(found)
    for said in [
        *dict.fromkeys(said for record in records for said in record.warnings),
        *evaluation_table.parted(found),
    ]:
        log.warning(said)
    log.info("written to %s", file)


def evaluate(
    metrics: Metrics,
    few: Metrics,
    extractor: Extractor,
    run: str | None = None,
    num_images: Any = (),
    seeds: Any = (0,),
    weights: Literal["ema", "raw", "both"] = "ema",
    batch_norm: Literal["eval", "batch", "standing", "audit"] = "eval",
    batch_size: PositiveInt = 64,
    precision: Precision = "32-true",
    split: Split = "train",
    root: str | None = None,
    accelerator: str = "auto",
) -> list[ScoreRecord]:
    """A record for each score of each number of images, seed, kind of weights and norm mode.

    Args:
        metrics: by name.
        few: metrics added where there are fewer than 10,000 real or generated images.
        extractor: of the features.
        run: a run folder, whose last checkpoint is scored, or a checkpoint.
        num_images: how many are generated, a list; 10,000 where it is empty.
        seeds: of the latents, a list.
        weights: of the generator.
        batch_norm: where its statistics come from; `audit` for all three ways.
        batch_size: of one pass.
        precision: of the generator.
        split: of the real images.
        root: the data, where they have moved.
        accelerator: of Lightning's.

    Raises:
        ValueError: see `run`.
    """
    assert run is not None
    device = Trainer(accelerator=accelerator, devices=1, logger=False).strategy.root_device
    file = checkpoint_of(run, "run")
    model, trained, iteration = restored(file, "run")
    model.to(device)
    if root is not None:
        trained.data.root = root
    data = instantiate(trained.data)
    data.prepare_data()
    counts = num_images or [NUM_IMAGES]
    chosen = with_few(metrics, few, _seen(data, split, model, counts))
    scorer = Scorer(chosen, extractor, data, split, device)
    for count in counts:
        scorer.check(model, count)
    folder = file.absolute().parent.parent if file.parent.name == "checkpoints" else None
    moment = TrainingProgress(iteration, model.images_seen, trained.seed, str(folder or file.absolute()))
    records: list[ScoreRecord] = []
    for count, kind, mode, seed in product(counts, _kinds(model, weights), _modes(model, batch_norm), seeds):
        log.info("%s images, %s weights, batch norm %s, seed %s", f"{count:,}", kind, mode, seed)
        found = scorer(model, SamplingOptions(seed, batch_size, kind, mode, precision), count, moment)
        records += found
        if folder:
            ScoreFile(folder / EVALUATIONS).append(found)
    return records


def _seen(data: LightningDataModule, split: Split, model: AdversarialGame, counts: list[int]) -> list[int]:
    """How many images scores will see, real and generated."""
    if not isinstance(data, StoredDataModule):  # the scorer will refuse it
        return counts
    limits = [model.generator_inputs.count(data, direction) for direction in model.directions]
    return [*map(len, data.evaluation_images(split)), *counts, *(limit for limit in limits if limit)]


def _hold(metrics: Metrics, few: Metrics) -> None:
    """Whether there are metrics, and nothing but metrics."""
    if not metrics:
        raise ValueError("metric must name at least one metric, such as metric=[fid]; got none")
    for name in [name for name, metric in {**few, **metrics}.items() if not isinstance(metric, Metric)]:
        raise ValueError(f"metrics.{name} is given settings, but {name} is not among the chosen metrics")


def _is_of_run(run: str | None, real: str | None, fake: str | None) -> bool:
    """Whether a run is to be scored, not a folder."""
    if [key is None for key in (run, real, fake)] not in ([False, True, True], [True, False, False]):
        raise ValueError(f"give either run, or both real and fake; got run={run}, real={real}, fake={fake}")
    return run is not None


def _kinds(model: AdversarialGame, weights: str) -> list[Weights]:
    every: list[Weights] = ["ema", "raw"] if model.ema else ["raw"]
    return every if weights == "both" else [kind for kind in every if kind == weights] or ["raw"]


def _modes(model: AdversarialGame, batch_norm: str) -> list[BatchNormMode]:
    """Where there is no batch norm, all are one."""
    every: list[BatchNormMode] = ["eval", "batch", "standing"] if batch_norms(model.generator) else ["eval"]
    return every if batch_norm == "audit" else [mode for mode in every if mode == batch_norm] or ["eval"]
