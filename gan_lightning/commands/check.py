"""`gan-lightning check data=...`: find out whether training can use the data."""

import json
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, get_args

from hydra.utils import instantiate
from omegaconf import DictConfig
from rich.console import Console
from rich.table import Table

from gan_lightning.config import logs
from gan_lightning.data.cache import FittedImages
from gan_lightning.data.module import StoredDataModule
from gan_lightning.data.splits import Split, domain_names

NumbersByPixels = dict[str, list[int]]
"""Numbers of images by a hash of their fitted pixels: images of one hash are equal."""


def prepared(config: DictConfig) -> Callable[[], None]:
    """Make the data module; return what checks it."""
    logs.tidy()
    return partial(check, instantiate(config.data), Path(config.run_dir))


def check(module: StoredDataModule, folder: Path) -> None:
    """Read every split, show a table and write check.json; exit with 1 if training would go wrong.

    Raises:
        SystemExit: with 1 if training would go wrong.
    """
    report: dict[str, Any] = {"splits": {}, "wrong": [], "worth_knowing": []}
    hashed: dict[str, NumbersByPixels] = {}
    expected = module.expected or {}
    try:
        module.prepare_data()
        for split in get_args(Split):
            for name, images in _domains(module, split).items():
                hashed[name] = _numbers_by_pixels(images)
                report["splits"][name] = _counts(images, hashed[name]) | {"classes": module.class_counts(images)}
                report["worth_knowing"] += _remarks(name, report["splits"][name], expected.get(name))
        module.setup("fit")
    except ValueError as error:
        report["wrong"].append(str(error))
    report["wrong"] += module.problems()
    report["worth_knowing"] += _leaks(hashed) + _remarks_on_whole_set(report, hashed, expected.get("all"))
    file = folder / "check.json"
    file.write_text(json.dumps(report, ensure_ascii=False, indent=1))
    _show(report, file)
    if report["wrong"]:
        raise SystemExit(1)


def _domains(module: StoredDataModule, split: Split) -> dict[str, FittedImages]:
    try:
        # All splits are fitted to one size, so that equal images are found.
        domains = module.fitted_images(split, module.fitted_size("train"))
    except ValueError:
        if split == "train":
            raise
        return {}  # a set may have no test split
    return dict(zip(domain_names(split, len(domains)), domains, strict=True))


def _numbers_by_pixels(images: FittedImages) -> NumbersByPixels:
    found: NumbersByPixels = defaultdict(list)
    for number in range(len(images)):
        found[blake2b(images.rows([number]).tobytes(), digest_size=16).hexdigest()].append(number)
    return found


def _counts(images: FittedImages, hashed: NumbersByPixels) -> dict[str, Any]:
    return {
        "images": len(images),
        "sizes": dict(images.survey.sizes.most_common()),
        "modes": dict(images.survey.modes),
        "bad": images.survey.bad,
        "duplicates": [numbers for numbers in hashed.values() if len(numbers) > 1],
        "fingerprint": images.fingerprint,
    }


def _remarks(name: str, split: dict[str, Any], expected: int | None) -> list[str]:
    """Return remarks about one split, such as damaged or duplicate images."""
    bad, total, twice = len(split["bad"]), split["images"] + len(split["bad"]), _duplicates(split)
    remarks = [f"{name}: {bad} of {total} cannot be read"] if bad else []
    remarks += [f"{name}: class {class_} has no images" for class_, count in split["classes"].items() if not count]
    if expected is not None and expected != total:
        remarks.append(f"{name}: {total:,} images, where the whole set has {expected:,}")
    if twice:
        remarks.append(f"{name}: {twice} images are exact duplicates of others")
    return remarks


def _duplicates(split: dict[str, Any]) -> int:
    return sum(len(numbers) - 1 for numbers in split["duplicates"])


def _leaks(hashed: dict[str, NumbersByPixels]) -> list[str]:
    """Name test splits that share images with the training split; one set that serves as both is no finding."""
    remarks = []
    for name, own in hashed.items():
        other = name.replace("test", "train")
        training = hashed.get(other, {})
        shared = sum(len(own[key]) for key in own.keys() & training.keys())
        if name != other and shared and training.keys() != own.keys():
            remarks.append(f"{name}: {shared} images are in {other} too")
    return remarks


def _remarks_on_whole_set(
    report: dict[str, Any], hashed: dict[str, NumbersByPixels], expected: int | None
) -> list[str]:
    """Compare the images of all splits with the known number of a set whose files may come with splits or without."""
    splits = report["splits"]
    if expected is None or "train" not in splits:
        return []
    apart = [name for name in splits if name == "train" or hashed[name].keys() != hashed["train"].keys()]
    total = sum(splits[name]["images"] + len(splits[name]["bad"]) for name in apart)
    return [] if total == expected else [f"{total:,} images, where the whole set has {expected:,}"]


def _show(report: dict[str, Any], file: Path) -> None:
    console = Console()
    table = Table("split", "images", "left out", "duplicates", "sizes", "modes")
    for name, split in report["splits"].items():
        sizes = ", ".join(f"{count:,} of {size}" for size, count in list(split["sizes"].items())[:3])
        more = len(split["sizes"]) - 3
        table.add_row(
            name,
            f"{split['images']:,}",
            f"{len(split['bad']):,}",
            f"{_duplicates(split):,}",
            sizes + (f" and {more} more" if more > 0 else ""),
            ", ".join(split["modes"]),
        )
    if report["splits"]:
        console.print(table)
    for name, split in report["splits"].items():
        for bad, reason in split["bad"].items():
            console.print(f"left out of {name}: {bad}: {reason}", highlight=False, markup=False)
    for key, heading in (("worth_knowing", "worth knowing"), ("wrong", "wrong")):
        for line in report[key]:
            console.print(f"{heading}: {line}", highlight=False, markup=False)
    console.print("training would go wrong" if report["wrong"] else "ready for training", highlight=False)
    console.print(f"all names in {file}", highlight=False, markup=False, soft_wrap=True)
