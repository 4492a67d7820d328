"""`gan-lightning check data=...`: is the data what training needs?"""

import json
from collections import defaultdict
from hashlib import blake2b
from pathlib import Path
from typing import Any, get_args

from hydra.utils import instantiate
from omegaconf import DictConfig
from rich.console import Console
from rich.table import Table

from gan_lightning.config import logs, schema
from gan_lightning.data.cache import Direct, Store
from gan_lightning.data.module import StoredDataModule
from gan_lightning.data.stored import Split, names


def run(config: DictConfig) -> None:
    """Survey every split, show a table and write check.json; exit with 1 where training would go wrong.

    Raises:
        ValueError: where the configuration is wrong.
    """
    schema.check(config)
    logs.tidy()
    module: StoredDataModule = instantiate(config.data)
    report: dict[str, Any] = {"splits": {}, "wrong": [], "worth_knowing": []}
    contents: dict[str, dict[str, list[int]]] = {}
    try:
        module.prepare_data()
        for split in get_args(Split):
            for name, store in _named(module, split).items():
                contents[name] = _by_content(store)
                report["splits"][name] = _split(store, contents[name]) | {"classes": module.class_counts(store)}
                _judge(report, name, store, module)
        module.setup("fit")
    except ValueError as error:
        report["wrong"].append(str(error))
    report["wrong"] += module.problems()
    _compare(report, contents)
    _count_all(report, contents, module.expected.get("all"))
    file = Path(config.run_dir) / "check.json"
    file.write_text(json.dumps(report, ensure_ascii=False, indent=1))
    _show(report, file)
    if report["wrong"]:
        raise SystemExit(1)


def _named(module: StoredDataModule, split: Split) -> dict[str, Store | Direct]:
    try:
        stores = module.stores(split, module.shape_of("train"))  # of one size, so that equal pictures are found
    except ValueError:
        if split == "train":
            raise
        return {}  # a set may have no test split
    return dict(zip(names(split, len(stores)), stores, strict=True))


def _by_content(store: Store | Direct) -> dict[str, list[int]]:
    """Numbers of pictures by a hash of their fitted pixels."""
    found: dict[str, list[int]] = defaultdict(list)
    for number in range(len(store)):
        found[blake2b(store.rows([number]).tobytes(), digest_size=16).hexdigest()].append(number)
    return found


def _split(store: Store | Direct, content: dict[str, list[int]]) -> dict[str, Any]:
    return {
        "pictures": len(store),
        "sizes": dict(store.survey.sizes.most_common()),
        "modes": dict(store.survey.modes),
        "bad": store.survey.bad,
        "duplicates": [numbers for numbers in content.values() if len(numbers) > 1],
        "fingerprint": store.fingerprint if isinstance(store, Store) else None,
    }


def _judge(report: dict[str, Any], name: str, store: Store | Direct, module: StoredDataModule) -> None:
    survey, total = store.survey, len(store) + len(store.survey.bad)
    if survey.bad:
        report["worth_knowing"].append(f"{name}: {len(survey.bad)} of {total} cannot be read")
    for class_name, count in report["splits"][name]["classes"].items():
        if not count:
            report["worth_knowing"].append(f"{name}: class {class_name} has no pictures")
    expected = module.expected.get(name)
    if expected is not None and expected != total:
        report["worth_knowing"].append(f"{name}: {total:,} pictures, where the whole set has {expected:,}")
    twice = sum(len(numbers) - 1 for numbers in report["splits"][name]["duplicates"])
    if twice:
        report["worth_knowing"].append(f"{name}: {twice} pictures are exact duplicates of others")


def _compare(report: dict[str, Any], contents: dict[str, dict[str, list[int]]]) -> None:
    """Pictures of a test split that are in the training split too; one set that serves as both is no finding."""
    for name, content in contents.items():
        other = name.replace("test", "train")
        if name != other and other in contents and contents[other].keys() != content.keys():
            shared = sum(len(content[key]) for key in content.keys() & contents[other].keys())
            if shared:
                report["worth_knowing"].append(f"{name}: {shared} pictures are in {other} too")


def _count_all(report: dict[str, Any], contents: dict[str, dict[str, list[int]]], expected: int | None) -> None:
    """The known number of a set that may come with its splits or without."""
    splits = report["splits"]
    if expected is None or "train" not in splits:
        return
    apart = [name for name in splits if name == "train" or contents[name].keys() != contents["train"].keys()]
    total = sum(splits[name]["pictures"] + len(splits[name]["bad"]) for name in apart)
    if total != expected:
        report["worth_knowing"].append(f"{total:,} pictures, where the whole set has {expected:,}")


def _show(report: dict[str, Any], file: Path) -> None:
    console = Console()
    table = Table("split", "pictures", "left out", "duplicates", "sizes", "modes")
    for name, split in report["splits"].items():
        sizes = ", ".join(f"{count:,} of {size}" for size, count in list(split["sizes"].items())[:3])
        more = len(split["sizes"]) - 3
        table.add_row(
            name,
            f"{split['pictures']:,}",
            f"{len(split['bad']):,}",
            f"{sum(len(numbers) - 1 for numbers in split['duplicates']):,}",
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
