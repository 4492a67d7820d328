"""`gan-lightning evaluate run=RUN` or `evaluate real=DIR fake=DIR`: scores of a checkpoint, or of a folder."""

import logging
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any, Literal

from hydra.utils import instantiate
from lightning import Trainer
from omegaconf import DictConfig, ListConfig

from gan_lightning.callbacks.card_file import CardFile
from gan_lightning.config import logs, schema
from gan_lightning.config.runs import EVALUATIONS, checkpoint_of, restored
from gan_lightning.data.base import Split, StoredDataModule
from gan_lightning.metrics import summary
from gan_lightning.metrics.card import Card
from gan_lightning.metrics.extractors.extractor import Extractor
from gan_lightning.metrics.metric import SOME, Metric
from gan_lightning.models.adversarial import AdversarialModule, Weights
from gan_lightning.models.folders import Folders
from gan_lightning.models.norm_modes import BatchNorm, batch_norms
from gan_lightning.models.scored_images import Precision, Recipe
from gan_lightning.models.scoring import Moment, Scorer
from gan_lightning.types import Count

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
    given = schema.arguments(evaluate, config)
    made = {key: instantiate(config[key]) for key in ("extractor", "metrics", "few")}  # before anything is read
    cards = evaluate(**given | made)
    file = Path(config.run_dir) / "evaluation.jsonl"
    CardFile(file).append(cards)
    found = summary.lines(cards)
    summary.show(found)
    for said in [*dict.fromkeys(said for card in cards for said in card.warnings), *summary.parted(found)]:
        log.warning(said)
    log.info("written to %s", file)


def evaluate(
    metrics: Metrics,
    few: Metrics,
    extractor: Extractor,
    run: str | None = None,
    real: str | None = None,
    fake: str | None = None,
    num_images: Any = None,
    seeds: Any = (0,),
    weights: Literal["ema", "raw", "both"] = "ema",
    batch_norm: Literal["eval", "batch", "standing", "audit"] = "eval",
    batch_size: Count = 64,
    precision: Precision = "32-true",
    split: Split = "train",
    root: str | None = None,
    image_size: Count | None = None,
    cache: Literal["auto", "off", False] = "auto",
    cache_dir: str = "~/.cache/gan_lightning",
    accelerator: str = "auto",
) -> list[Card]:
    """A card for each score of each number of images, seed, kind of weights and norm mode.

    Args:
        metrics: by name.
        few: metrics added where there are fewer than 10,000 real or generated images.
        extractor: of the features.
        run: a run folder, whose last checkpoint is scored, or a checkpoint.
        real: instead of a run, a folder of images,
        fake: and one that is held against it.
        num_images: how many are generated, or taken of `fake`; a number or a list. 10,000 of a run, all of a folder.
        seeds: of the latents, a list.
        weights: of the generator.
        batch_norm: where its statistics come from; `audit` for all three ways.
        batch_size: of one pass.
        precision: of the generator.
        split: of the run's real images.
        root: the run's data, where it has moved.
        image_size: to which folders' images are fitted; None where all are squares of one size.
        cache: of folders' decoded images and their statistics; `off` writes nothing.
        cache_dir: of folders.
        accelerator: of Lightning's.

    Raises:
        ValueError: see `run`.
    """
    if not metrics:
        raise ValueError("metric must name at least one metric, such as metric=[fid]; got none")
    for name in [name for name, metric in {**few, **metrics}.items() if not isinstance(metric, Metric)]:
        raise ValueError(f"metrics.{name} is given settings, but {name} is not among the chosen metrics")
    counts = [] if num_images is None else _numbers("num_images", num_images, 1)
    latent_seeds = _numbers("seeds", seeds, 0)
    device = Trainer(accelerator=accelerator, devices=1, logger=False).strategy.root_device
    if run is None and real is not None and fake is not None:
        folders = Folders(real, fake, image_size, cache, Path(cache_dir).expanduser())
        chosen = _chosen(metrics, few, [len(folders.real), len(folders.fake), *counts])
        every = counts or [len(folders.fake)]
        return [card for n in every for card in folders.score(chosen, extractor, n, batch_size, device)]
    if run is None or real is not None or fake is not None:
        raise ValueError(f"give either run, or both real and fake; got run={run}, real={real}, fake={fake}")
    file = checkpoint_of(run, "run")
    model, trained, iteration = restored(file, "run")
    model.to(device)
    if root is not None:
        trained.data.root = root
    data = instantiate(trained.data)
    data.prepare_data()
    counts = counts or [NUM_IMAGES]
    sizes = map(len, data.stills(split)) if isinstance(data, StoredDataModule) else ()
    scorer = Scorer(_chosen(metrics, few, [*sizes, *counts]), extractor, data, split, device)
    folder = file.absolute().parent.parent if file.parent.name == "checkpoints" else None
    moment = Moment(iteration, model.images_seen, trained.seed, str(folder or file.absolute()))
    cards: list[Card] = []
    for count, kind, mode, seed in product(counts, _kinds(model, weights), _modes(model, batch_norm), latent_seeds):
        log.info("%s images, %s weights, batch norm %s, seed %s", f"{count:,}", kind, mode, seed)
        found = scorer(model, Recipe(seed, batch_size, kind, mode, precision), count, moment)
        cards += found
        if folder:
            CardFile(folder / EVALUATIONS).append(found)
    return cards


def _kinds(model: AdversarialModule, weights: str) -> list[Weights]:
    every: list[Weights] = ["ema", "raw"] if model.ema else ["raw"]
    return every if weights == "both" else [kind for kind in every if kind == weights] or ["raw"]


def _modes(model: AdversarialModule, batch_norm: str) -> list[BatchNorm]:
    """Where there is no batch norm, all are one."""
    every: list[BatchNorm] = ["eval", "batch", "standing"] if batch_norms(model.generator) else ["eval"]
    return every if batch_norm == "audit" else [mode for mode in every if mode == batch_norm] or ["eval"]


def _chosen(metrics: Metrics, few: Metrics, counts: list[int]) -> Metrics:
    """With those for few images where there are few."""
    added = [name for name in few if name not in metrics]
    if min(counts) >= SOME or not added:
        return metrics
    log.info("%s added, for there are fewer than %s images", ", ".join(added), f"{SOME:,}")
    return {**metrics, **{name: few[name] for name in added}}


def _numbers(key: str, value: Any, least: int) -> list[int]:
    """One number or a list.

    Raises:
        ValueError: for anything else.
    """
    numbers = list(value) if isinstance(value, ListConfig | list | tuple) else [value]
    if not numbers or not all(type(number) is int and number >= least for number in numbers):
        raise ValueError(f"{key} must be a whole number of at least {least}, or a list of them; got {value}")
    return numbers
