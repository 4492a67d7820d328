"""`gan-lightning check data=...`: find out whether training can use the data."""

import json
import logging
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, get_args

from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig

from gan_lightning.config import logs
from gan_lightning.config.composition import config_dir
from gan_lightning.data.inspection import Inspection, inspected
from gan_lightning.data.module import StoredDataModule
from gan_lightning.data.splits import NoTestImagesError, Split, by_name, domains_of
from gan_lightning.files import atomic_write
from gan_lightning.reports import data_check
from gan_lightning.reports.next_commands import named
from gan_lightning.types import Aligned, Batch, Pair

READERS = logging.getLogger("gan_lightning.data")
"""What the modules that read data log: warnings, and which files are no images."""


TRAINED_ON: dict[type[Batch], str] = {Aligned: "model=pix2pix", Pair: "model=cyclegan"}
"""The models of those batches that the usual model does not take."""


def prepared(config: DictConfig) -> Callable[[], None]:
    """Make the data module; return what checks it.

    Raises:
        ValueError: if it has no stored images.
    """
    logs.tidy()
    module = instantiate(config.data)
    if not isinstance(module, StoredDataModule):
        raise ValueError(
            f"data must be a set of stored images; {type(module).__name__} draws new ones as they are needed, so there "
            "is nothing to check"
        )
    return partial(check, module, Path(config.run_dir))


def check(module: StoredDataModule, folder: Path) -> None:
    """Read every split, say what was found, and write check.json and lists of files that may be deleted.

    Raises:
        SystemExit: with 1 if training would stop.
    """
    problems: list[str] = []
    found: dict[str, Inspection] = {}
    with _collected() as logged:
        try:
            module.prepare_data()
            for split in get_args(Split):
                found |= _inspections(module, split, logged)
            problems += _refusals(module, found)
        except ValueError as error:
            problems.append(str(error))
        splits, notes = _described(module, found)
    report = {"splits": splits, "problems": problems, "notes": [*logged, *module.remarks(), *notes]}
    with atomic_write(folder / "check.json") as stream:
        stream.write(json.dumps(report, ensure_ascii=False, indent=1).encode())
    lines = [*_lists(found, folder), f"all names:\n  {named(folder / 'check.json')}"]
    data_check.show(report, lines, _next_command(module))
    if problems:
        raise SystemExit(1)


def _next_command(module: StoredDataModule) -> str:
    """Return what comes after data that training can use."""
    typed = HydraConfig.get().overrides.task
    root = f"data.root='{module.root}'"  # a path with a space has these quotes, which need not be typed
    plain = [f"data.root={module.root}" if word == root else word for word in typed]
    words = [*plain, *filter(None, [TRAINED_ON.get(module.batch_type)])]
    own = config_dir(sys.argv[1:])
    command = shlex.join(["gan-lightning", *([f"--config-dir={own}"] if own else []), *words])
    is_folder = HydraConfig.get().runtime.choices["data"] == "folder"
    start = f"gan-lightning start {shlex.quote(str(module.root))} chooses a recipe, or " if is_folder else ""
    return f"{start}{command}"


def _described(module: StoredDataModule, found: dict[str, Inspection]) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Return what check.json keeps of each split, and the notes on all of them."""
    expected = module.expected or {}
    splits: dict[str, dict[str, Any]] = {}
    notes: list[str] = []
    whole = 0
    for name, images in found.items():
        total = len(images.fitted) + len(images.fitted.survey.bad)
        place = name.replace("test", "train")
        training = found[place]
        if name != place and training.fitted.fingerprint == images.fitted.fingerprint:
            splits[name] = {"same_as": place}
            notes.append(f"{name}: the same {total:,} images as {place}, so none are held out")
            continue
        classes = module.class_counts(images.fitted)
        splits[name] = data_check.record_of(images, classes)
        notes += data_check.notes_on(name, images, classes, module.fitted_size("train"))
        notes += data_check.notes_on_shared(name, images, training) if name != place else []
        if expected.get(name, total) != total:
            notes.append(f"{name}: {total:,} images, where the whole set has {expected[name]:,}")
        whole += total
    if splits and expected.get("all", whole) != whole:
        notes.append(f"{whole:,} images, where the whole set has {expected['all']:,}")
    return splits, notes


def _inspections(module: StoredDataModule, split: Split, notes: list[str]) -> dict[str, Inspection]:
    """Return what was seen in each domain of a split; what is wrong with test images is a note."""
    side = module.fitted_size("train")  # of all splits, so that equal images are found
    try:
        stored = domains_of(split, module.domains, module.test_fraction)
        fitted = module.fitted_images(split, side)
    except NoTestImagesError:
        return {}
    except ValueError as error:
        if split == "train":
            raise
        notes.append(f"test: {error}")
        return {}
    pairs = zip(stored, fitted, strict=True)
    return by_name(split, [inspected(*pair, side, has_margins=module.fit == "pad") for pair in pairs])


def _refusals(module: StoredDataModule, found: dict[str, Inspection]) -> list[str]:
    """Return why training would not start with these images."""
    module.check_files()
    training = {name: images.fitted for name, images in found.items() if name.startswith("train")}
    bad = {name: images.survey.refusal(name, module.on_bad, module.max_bad) for name, images in training.items()}
    if refused := ["; ".join(each) for each in bad.values() if each]:
        return refused
    module.check_training_images(list(training.values()))
    return []


def _lists(found: dict[str, Inspection], folder: Path) -> Iterator[str]:
    """Write lists of files that may be deleted; yield a line for each."""
    copies = [path for images in found.values() for group in images.copies for path in images.files(group[1:])]
    unreadable = [path for images in found.values() for files in images.damaged_files.values() for path in files]
    for name, files, what in (
        ("unreadable.txt", unreadable, "what cannot be read as a whole image"),
        ("copies.txt", copies, "the exact copies, all but the first of each"),
    ):
        if content := data_check.lines_for_xargs(dict.fromkeys(files)):
            with atomic_write(folder / name) as stream:
                stream.write(content)
            yield f"to delete {what}:\n  xargs rm < {shlex.quote(named(folder / name))}"


@contextmanager
def _collected() -> Iterator[list[str]]:
    """Give the messages of whatever reads the data as a list, each once, in place of the log."""
    messages: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.getMessage() not in messages:
                messages.append(record.getMessage())

    collector = Collector()
    READERS.addHandler(collector)
    READERS.propagate = False
    try:
        yield messages
    finally:
        READERS.removeHandler(collector)
        READERS.propagate = True
