"""`gan-lightning neighbours run=RUN`: the training images nearest to samples, and whether the generator copies them."""

import json
import logging
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hydra.utils import instantiate
from jaxtyping import UInt8
from omegaconf import DictConfig
from PIL import Image
from rich.progress import track

from gan_lightning.config import logs, schema
from gan_lightning.config.record import refuse_links
from gan_lightning.data.module import StoredDataModule
from gan_lightning.evaluation.neighbours import (
    CONFIDENCE,
    PIXELS,
    Bytes,
    MirroredToo,
    Neighbours,
    memorisation,
    memorisation_record,
    nearest_images,
)
from gan_lightning.evaluation.records import EVALUATIONS, ScoreFile, ScoreRecord
from gan_lightning.evaluation.sampling import SamplingOptions, sample_images
from gan_lightning.evaluation.scorer import TrainingProgress, context_of
from gan_lightning.files import atomic_write, refuse_existing, take
from gan_lightning.metrics.extractors.extractor import Extractor
from gan_lightning.metrics.images import read_batches, to_uint8
from gan_lightning.models.ema import Weights
from gan_lightning.reports.picture_table import Columns, picture_table
from gan_lightning.reports.png import write_png
from gan_lightning.trained_run import TrainedRun
from gan_lightning.types import Checkpoint, ImageSet, NonNegativeInt, PositiveInt, RunPath

log = logging.getLogger(__name__)

BATCH = 64
"""Training images that are compared at a time."""


def prepared(config: DictConfig) -> Callable[[], None]:
    """Restore the generator, its data and the extractor; return what looks for the neighbours."""
    logs.tidy()
    given = schema.arguments(f"{__name__}.neighbours", config)
    return neighbours(**given | {"extractor": instantiate(config.extractor)})


def neighbours(
    run: RunPath,
    extractor: Extractor | None = None,
    checkpoint: Checkpoint = "last",
    output: str | None = None,
    num_images: PositiveInt = 1000,
    rows: PositiveInt = 8,
    nearest: PositiveInt = 5,
    seed: NonNegativeInt = 0,
    weights: Weights = "ema",
    batch_size: PositiveInt = 64,
    device: str = "auto",
    overwrite: bool = False,
    overrides: Any = (),
) -> Callable[[], None]:
    """Check what is asked for and find the data; return what writes neighbours.png and neighbours.json.

    The samples are those of scores: image k of the seed, with classes as frequent as in training. If training mirrored
    its images at random, their mirror images are searched too.

    Args:
        run: a run folder, or a checkpoint.
        extractor: computes the features; None for that of the run.
        checkpoint: `last`, `best` or a file.
        output: the folder that the files are written to; None for the run folder, whose report shows them.
        num_images: how many samples are compared with as many held-out images, or with all there are.
        rows: how many samples the picture shows, the first ones.
        nearest: how many neighbours it shows of each in each space.
        seed: decides the latents.
        weights: the generator's moving average if there is one, or its weights as trained.
        batch_size: images in one pass of the generator.
        device: `auto`, `cpu` or another of torch's devices.
        overwrite: whether files that exist may be replaced.
        overrides: a list of what replaces values of the run's configuration, such as `data.root=DIR`.

    Raises:
        ValueError: if the model cannot be sampled, the data are missing or are no images, files exist already, or
            there is no run folder to write them to; nothing is written then.
    """
    trained = TrainedRun(run, checkpoint, weights, device, overrides=overrides)
    trained.latent_inputs()
    if trained.folder:
        refuse_links(trained.folder, "run")
    if not (output or trained.folder):
        raise ValueError(f"output must be given for a checkpoint outside a run folder, as output=DIR; got run={run}")
    target = Path(output).expanduser() if output else trained.folder
    assert target
    refuse_existing([target / "neighbours.png", target / "neighbours.json"], "output", overwrite)
    data: Any = instantiate(trained.config.data)
    if not isinstance(data, StoredDataModule):
        raise ValueError(f"run must be of a model that was trained on images; this one has {type(data).__name__}")
    if extractor is None:
        schema.check(trained.config, "extractor")
        extractor = instantiate(trained.config.extractor)
    assert extractor
    data.prepare_data()
    training: ImageSet = data.evaluation_images("train")[0]
    held_out = _held_out_images(data)
    extractor.prepare(training, data.evaluation_images(data.evaluation_split())[0], data.cache_folder)
    extractor.to(trained.device)
    options = SamplingOptions(seed, batch_size, trained.weights)

    def work() -> None:
        if output:  # the run folder may belong to a run that trains, and both files are written in one step each
            take(target, "output")
        made = sample_images(trained.model, options, range(num_images))
        samples = torch.cat([to_uint8(batch.cpu())[:, : batch.shape[1]] for batch in made])
        others = _evenly_spaced(held_out, num_images) if held_out else samples[:0]
        searched: ImageSet = MirroredToo(training) if data.flip else training
        batches = read_batches(searched, range(len(searched)), BATCH)
        steps = track(batches, "training images", -(-len(searched) // BATCH), transient=True)
        found = nearest_images(torch.cat([samples, others]), steps, extractor, nearest)
        write_png(_picture(samples[:rows], found, searched, extractor.identity.name), target / "neighbours.png")
        records: list[ScoreRecord] = []
        if held_out:
            seen = trained.model.images_seen
            progress = TrainingProgress(trained.iteration, seen, trained.config.seed, trained.place)
            context = context_of(trained.model, options, progress, data)
            for identity, near in ((PIXELS, found.pixels), (extractor.identity, found.features)):
                measured = memorisation(near.distances[:num_images, 0], near.distances[num_images:, 0])
                warnings = () if identity is PIXELS else extractor.warnings
                counts = num_images, len(others)
                records.append(memorisation_record(measured, identity, context, counts, training, held_out, warnings))
                log.info("in %s: %s", identity.name if identity is PIXELS else f"features ({identity.name})", measured)
        if trained.folder and records:
            ScoreFile(trained.folder / EVALUATIONS).append(records)
        report = {
            "run": trained.place, "iteration": trained.iteration,
            "weights": trained.weights, "seed": seed, "samples": num_images, "training_images": len(training),
            "held_out_images": len(others), "mirrored": data.flip, "extractor": extractor.identity.name,
            "memorisation": {
                each.score: {"value": each.value, "interval": each.interval, "confidence": CONFIDENCE}
                for each in records
            },
            "neighbours": [_of_sample(found, number) for number in range(min(rows, num_images))],
        }  # fmt: skip
        with atomic_write(target / "neighbours.json") as stream:
            stream.write(json.dumps(report, indent=1).encode())
        log.info("written to %s: neighbours.png, neighbours.json", target)
        if trained.folder and target.resolve() == trained.folder.resolve():
            log.info("gan-lightning report %s puts them into the run's report", shlex.quote(f"run={trained.folder}"))

    return work


TAKES = (neighbours,)
"""The functions whose arguments are the keys of this command's configuration."""


def _held_out_images(data: StoredDataModule) -> ImageSet | None:
    """Return the test images; None if there are none, and the log says why there is no memorisation figure."""
    try:
        images = data.evaluation_images("test")[0]
        if data.true_split("test") == "test":
            return images
        reason = "the test images are the training images"
    except ValueError as error:
        reason = str(error)
    log.warning("only neighbours are shown, because a memorisation figure needs held-out images: %s", reason)
    return None


def _evenly_spaced(images: ImageSet, count: int) -> Bytes:
    """Return some of the images, or all if there are fewer."""
    count = min(count, len(images))
    numbers = [position * len(images) // count for position in range(count)]
    return torch.cat(list(read_batches(images, numbers, BATCH)))


def _of_sample(found: Neighbours, sample: int) -> dict[str, Any]:
    """Return the neighbours of a sample in plain values."""
    spaces = {
        space: {"numbers": near.numbers[sample].tolist(), "distances": near.distances[sample].tolist()}
        for space, near in found._asdict().items()
    }
    return {"sample": sample, **spaces}


def _picture(samples: Bytes, found: Neighbours, searched: ImageSet, extractor: str) -> Image.Image:
    """Return a table: each sample, its neighbours in pixels and those in features, with their distances."""
    groups = [Columns("sample", _last(samples.numpy())[:, None], [[f"{row}"] for row in range(len(samples))])]
    for heading, near in (("nearest in pixels", found.pixels), (f"nearest in features ({extractor})", found.features)):
        numbers, distances = near.numbers[: len(samples)], near.distances[: len(samples)]
        images = np.stack([_last(searched.rows(row.tolist())) for row in numbers])
        groups.append(Columns(heading, images, [[f"{distance:.3g}" for distance in row] for row in distances]))
    return picture_table(groups)


def _last(images: UInt8[np.ndarray, "B C H W"]) -> UInt8[np.ndarray, "B H W C"]:
    """Return images with the channels last, as pictures have them."""
    return images.transpose(0, 2, 3, 1)
