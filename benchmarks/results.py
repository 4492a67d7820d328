"""Train every model, loss and tutorial on small real data, and fill the tables of docs/results.md with what came of it.

    python benchmarks/results.py                    # digits, and what the tutorials' deviations cost
    python benchmarks/results.py --mnist DIR        # and MNIST, from its four official files
    python benchmarks/results.py --only dcgan       # rows whose name has this in it
    python benchmarks/results.py --page             # trains nothing, writes the tables of both languages again

Two runs of one thread train side by side. Each is a command that docs/results.json shows; it ends after 90 seconds, on
MNIST after 12 minutes, and among the ablations after 1,000 iterations. A row that is finished is in docs/results.json and is not trained again; the first seed of each comes first, so
that there is a whole page early. Pictures are the last grid of the first seed.

Generated images are compared with held-out real ones by `fd_classifier`. The floor of a table is the score of as many
training images: a generator that copies reaches it, and one that has learned the distribution comes near it.
"""

import argparse
import json
import platform
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from io import BytesIO
from os import environ
from pathlib import Path
from statistics import mean, stdev

import torch
from PIL import Image
from results_rows import ROWS, SEEDS, SHARED, Row, key, name_of_picture
from scipy.special import stdtrit

from gan_lightning.files import atomic_write
from gan_lightning.metrics.extractors.classifier import Classifier
from gan_lightning.metrics.fid import FrechetDistance
from gan_lightning.metrics.images import read_batches
from gan_lightning.metrics.statistics import Statistics

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "docs" / "results.json"
PICTURES = ROOT / "docs" / "images" / "results"
PAGES = {"en": ROOT / "docs" / "results.md", "zh": ROOT / "docs" / "zh" / "results.md"}
LARGEST_PICTURE = 100_000
"""Bytes; a larger picture is made smaller until it is not."""
SCORE = "fd_classifier"
TABLE = re.compile(r"(<!-- results: (\w+) -->\n)(.*?)(<!-- end -->)", re.S)
HEADINGS = {
    "en": ["what", "picture", "fd_classifier, last", "best", "classes", "images seen", "minutes", "seeds"],
    "zh": ["内容", "图片", "fd_classifier，最后", "最好", "类别", "见过的图片", "分钟", "种子数"],  # noqa: RUF001
}
CHANGES = {
    "en": ["what", "compared with", "fd_classifier, mean", "difference (95 % interval)", "finding"],
    "zh": ["改动", "对照", "fd_classifier 平均", "差（95% 区间）", "结论"],  # noqa: RUF001
}
FINDINGS = {"en": ["no difference found", "better", "worse"], "zh": ["没有发现差别", "更好", "更差"]}
FLOOR = {"en": "training images instead of generated ones", "zh": "用训练图片代替生成的图片"}
NOT_MEASURED = {"en": "not measured", "zh": "未测量"}
FAILED = {"en": "failed", "zh": "失败"}


def train(row: Row, seed: int, mnist: str, work: Path) -> dict:
    """Train a run in a process of its own, and return what the page tells of it."""
    folder = work / f"{name_of_picture(row)}_{seed}"
    commands = [[*row.command(seed), f"hydra.run.dir={folder}"]]
    if row.batch_norm:
        options = "extractor=classifier metric=[fid,modes] split=test num_images=1438"
        commands.append(["evaluate", f"run={folder}", *options.split(), f"batch_norm={row.batch_norm}"])
    shown = ["gan-lightning " + " ".join(words).replace(str(folder), "RUN") for words in commands]
    found = {"command": " && ".join(shown), "date": str(date.today()), **machine()}
    for words in commands:
        command = [sys.executable, "-m", "gan_lightning", *(word.replace("DIR", mnist) for word in words)]
        done = subprocess.run(command, capture_output=True, text=True, env={**environ, "OMP_NUM_THREADS": "1"})
        if done.returncode:
            lines = (done.stderr or done.stdout).strip().splitlines()
            return {**found, "failed": lines[-1] if lines else f"exit code {done.returncode}"}
    file = folder / ("evaluations.jsonl" if row.batch_norm else "scores.jsonl")
    records = [json.loads(line) for line in file.read_text().splitlines()]
    scores = [record for record in records if record["score"] == SCORE]
    modes = [record for record in records if record["score"] == "modes_hit"]
    if seed == row.seeds[0] and not row.batch_norm:
        keep_picture(max((folder / "samples").glob("0*.png")), PICTURES / f"{name_of_picture(row)}.png")
    return {
        **found,
        "last": scores[-1]["value"],
        "best": min(record["value"] for record in scores),
        "classes": modes[-1]["value"],
        "seconds": seconds(json.loads((folder / "environment.json").read_text())["time of the last part"]),
        **{
            name: scores[-1][name]
            for name in ("images_seen", "n_real", "n_fake", "weights", "extractor_sha256", "versions")
        },
    }


def seconds(duration: str) -> int:
    """Return the seconds of a duration such as 0:01:33."""
    hours, minutes, rest = duration.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(rest)


def machine() -> dict:
    """Return the processor of this machine, as Linux names it, and that one thread is used."""
    info = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", info.read_text()) if info.exists() else []
    return {"hardware": f"{names[0] if names else platform.machine()}, one thread"}


def keep_picture(source: Path, target: Path) -> None:
    """Write a grid as PNG of at most 100 KB, reduced where it would be larger."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(source, formats=["PNG"]) as opened:
        image = opened.convert("RGB")
    while True:
        stream = BytesIO()
        image.save(stream, "PNG", optimize=True)
        if stream.tell() <= LARGEST_PICTURE:
            break
        image = image.resize((image.width * 4 // 5, image.height * 4 // 5), Image.Resampling.LANCZOS)
    target.write_bytes(stream.getvalue())


def floor(table: str, mnist: str) -> dict:
    """Return the score of training images, as many as the rows generate, against the held-out images of a table."""
    from hydra import compose, initialize_config_dir
    from hydra.utils import instantiate

    from gan_lightning.config import resolvers  # noqa: F401, the configuration uses them

    with initialize_config_dir(str(ROOT / "conf"), version_base=None):
        words = [word.replace("DIR", mnist) for word in SHARED[table].split()]
        config = compose("config", [*words, "data.image_size=32", "run_dir=."])
    data = instantiate(config.data)
    data.prepare_data()
    data.setup("fit")
    train_images, held_out = (data.evaluation_images(split)[0] for split in ("train", "test"))
    extractor, metric = Classifier(), FrechetDistance()
    extractor.prepare(train_images, held_out, data.cache_folder)
    count = min(config.callbacks.scores.num_images, len(train_images))
    numbers = [position * len(train_images) // count for position in range(count)]
    real, copied = (
        Statistics.from_images(read_batches(images, chosen, 64), extractor, metric.real_inputs)
        for images, chosen in ((held_out, range(len(held_out))), (train_images, numbers))
    )
    return {
        "last": metric(real, copied)[0].value,
        "n_real": len(held_out),
        "n_fake": count,
        "date": str(date.today()),
        **machine(),
    }


def results() -> dict:
    """Return what was measured so far."""
    return json.loads(FILE.read_text()) if FILE.exists() else {}


def keep(name: str, found: dict) -> None:
    """Add a result to the file, and write the pages again."""
    content = json.dumps({**results(), name: found}, indent=1, sort_keys=True) + "\n"
    with atomic_write(FILE) as stream:
        stream.write(content.encode())
    write_pages()


def cells(row: Row, done: list[dict]) -> list[str]:
    """Return the cells of a row from its finished seeds: means, and in brackets the smallest and the largest."""

    def over_seeds(name: str, form: str) -> str:
        values = [found[name] for found in done]
        spread = f" ({min(values):{form}} to {max(values):{form}})" if len(values) > 1 else ""
        return f"{mean(values):{form}}{spread}"

    seen = mean(found["images_seen"] for found in done)
    minutes = mean(found["seconds"] for found in done) / 60
    return [over_seeds("last", ".3g"), over_seeds("best", ".3g"), over_seeds("classes", ".0f"), f"{seen:,.0f}",
            f"{minutes:.1f}", str(len(done))]  # fmt: skip


def table(name: str, language: str) -> str:
    """Return a table of the page: the floor, the rows by their score, and those that are not measured."""
    found, to_pictures = results(), "../" * (language == "zh") + "images/results"
    head = HEADINGS[language]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    if at := found.get(f"{name} floor"):
        lines.append(f"| {FLOOR[language]} | | {at['last']:.3g} | | | | | |")
    measured, missing = [], []
    for row in (row for row in ROWS if row.table == name):
        runs = [found[key(row, seed)] for seed in row.seeds if key(row, seed) in found]
        if done := [run for run in runs if "failed" not in run]:
            picture = f"![{row.name}]({to_pictures}/{name_of_picture(row)}.png)"
            line = " | ".join([f"`{row.name}`", picture, *cells(row, done)])
            measured.append((mean(run["last"] for run in done), f"| {line} |"))
        else:
            why = f"{FAILED[language]}: {runs[0]['failed']}" if runs else NOT_MEASURED[language]
            missing.append(f"| `{row.name}` | | {why} | | | | | |")
    return "\n".join([*lines, *(line for _, line in sorted(measured)), *missing]) + "\n"


def ablations(language: str) -> str:
    """Return the table of what is gained or lost by changing one thing: differences over the seeds, in pairs."""
    found, head = results(), CHANGES[language]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in (row for row in ROWS if row.table == "ablations"):
        runs = {seed: found[key(row, seed)]["last"] for seed in row.seeds if "last" in found.get(key(row, seed), {})}
        base = {seed: found.get(key(replace(row, name=row.against), seed), {}).get("last") for seed in runs}
        pairs = [runs[seed] - base[seed] for seed in runs if base[seed] is not None]
        scores = f"{mean(runs.values()):.3g}" if runs else NOT_MEASURED[language]
        difference, finding = "", ""
        if row.against and len(pairs) > 1:
            half = float(stdtrit(len(pairs) - 1, 0.975)) * stdev(pairs) / len(pairs) ** 0.5
            low, high = mean(pairs) - half, mean(pairs) + half
            difference = f"{mean(pairs):+.3g} ({low:+.3g}, {high:+.3g})"
            finding = FINDINGS[language][0 if low <= 0 <= high else 1 if high < 0 else 2]
        lines.append(f"| {row.name} | {row.against} | {scores} | {difference} | {finding} |")
    return "\n".join(lines) + "\n"


def of_page(name: str, language: str) -> str:
    """Return the table that a page has at a marker."""
    return ablations(language) if name == "ablations" else table(name, language)


def write_pages() -> None:
    """Fill the tables of both pages."""
    for language, page in PAGES.items():
        text = page.read_text()
        for start, name, old, end in TABLE.findall(text):
            text = text.replace(f"{start}{old}{end}", f"{start}{of_page(name, language)}{end}")
        page.write_text(text)


def main() -> None:
    """Train what is missing, the first seeds first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", metavar="DIR", help="the folder with MNIST's four official files")
    parser.add_argument("--only", default="", metavar="WORD", help="rows whose name has this word in it")
    parser.add_argument("--page", action="store_true", help="write the pages from docs/results.json and train nothing")
    parser.add_argument("--jobs", type=int, default=2, help="runs side by side")
    given = parser.parse_args()
    if given.page:
        return write_pages()
    mnist = str(Path(given.mnist).resolve()) if given.mnist else ""
    tables = ["digits", "ablations", *(["mnist"] if mnist else [])]
    rows = [row for row in ROWS if row.table in tables and given.only in row.name]
    todo = [(row, seed) for number in range(len(SEEDS)) for row in rows for seed in row.seeds[number : number + 1]]
    todo = [(row, seed) for row, seed in todo if key(row, seed) not in results()]
    torch.set_num_threads(1)
    for name in (name for name in tables if name != "ablations"):
        if f"{name} floor" not in results():
            keep(f"{name} floor", floor(name, mnist))
    with tempfile.TemporaryDirectory() as work, ThreadPoolExecutor(given.jobs) as pool:
        runs = pool.map(lambda run: (run, train(*run, mnist, Path(work))), todo)
        for (row, seed), found in runs:
            keep(key(row, seed), found)
            print(key(row, seed), found.get("last", found.get("failed")), flush=True)


if __name__ == "__main__":
    main()
