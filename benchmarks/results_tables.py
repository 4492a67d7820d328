# ruff: noqa: RUF001, because Chinese has full-width punctuation
"""The tables of what benchmarks/results.py measured, written into the pages of both languages."""

import json
import re
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev

from results_rows import ROWS, Row, key, name_of_picture
from scipy.special import stdtrit

from gan_lightning.files import atomic_write

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "docs" / "results.json"
PICTURES = ROOT / "docs" / "images" / "results"
PAGES = {
    "en": [ROOT / "README.md", ROOT / "docs" / "results.md"],
    "zh": [ROOT / "README.zh-CN.md", ROOT / "docs" / "zh" / "results.md"],
}
TABLE = re.compile(r"(<!-- results: (\w+) -->\n)(.*?)(<!-- end -->)", re.S)
HEADINGS = {
    "en": ["what", "picture", "fd_classifier, last", "best", "classes", "images seen", "minutes", "seeds"],
    "zh": ["内容", "图片", "fd_classifier，最后", "最好", "类别", "见过的图片", "分钟", "种子数"],
}
CHANGES = {
    "en": ["what", "compared with", "fd_classifier, mean", "difference (95 % interval)", "finding"],
    "zh": ["改动", "对照", "fd_classifier 平均", "差（95% 区间）", "结论"],
}
PAIRS = {"en": ["what", "picture", "PSNR of test pairs", "minutes"], "zh": ["内容", "图片", "测试对的 PSNR", "分钟"]}
SYSTEMS = {
    "en": ["system", "picture", "data", "device", "minutes", "score"],
    "zh": ["系统", "图片", "数据", "设备", "分钟", "分数"],
}
FINDINGS = {"en": ["no difference found", "better", "worse"], "zh": ["没有发现差别", "更好", "更差"]}
FLOOR = {"en": "training images instead of generated ones", "zh": "用训练图片代替生成的图片"}
NOT_MEASURED = {"en": "not measured", "zh": "未测量"}
FAILED = {"en": "failed", "zh": "失败"}
IN_README = {
    "en": {
        "digits": ("digits, 32 pixels", "fd_classifier {}"),
        "translation": ("two photographs, 64 pixels", "PSNR {} dB"),
    },
    "zh": {
        "digits": ("digits，32 像素", "fd_classifier {}"),
        "translation": ("两张照片，64 像素", "PSNR {} dB"),
    },
}
DEVICE = {"en": "one CPU core", "zh": "一个 CPU 核"}
NO_SCORE = {"en": "none: there are no pairs", "zh": "无：没有成对的图片"}


def results() -> dict:
    """Return what was measured so far."""
    return json.loads(FILE.read_text()) if FILE.exists() else {}


def keep(name: str, found: dict) -> None:
    """Add a result to the file, and write the pages again."""
    content = json.dumps({**results(), name: found}, indent=1, sort_keys=True) + "\n"
    with atomic_write(FILE) as stream:
        stream.write(content.encode())
    write_pages()


def over_seeds(done: list[dict], name: str, form: str) -> str:
    """Return the mean of a figure over the seeds, and in brackets its smallest and its largest value."""
    values = [found[name] for found in done]
    spread = f" ({min(values):{form}} to {max(values):{form}})" if len(values) > 1 else ""
    return f"{mean(values):{form}}{spread}"


def cells(done: list[dict]) -> list[str]:
    """Return the cells of a row from its finished seeds."""
    seen = mean(found["images_seen"] for found in done)
    minutes = mean(found["seconds"] for found in done) / 60
    return [over_seeds(done, "last", ".3g"), over_seeds(done, "best", ".3g"), over_seeds(done, "classes", ".0f"),
            f"{seen:,.0f}", f"{minutes:.1f}", str(len(done))]  # fmt: skip


def finished(row: Row) -> list[dict]:
    """Return the results of a row's seeds that did not fail."""
    found = results()
    runs = [found[key(row, seed)] for seed in row.seeds if key(row, seed) in found]
    return [run for run in runs if "failed" not in run]


def table(name: str, language: str) -> str:
    """Return a table of the page: the floor, the rows by their score, and those that are not measured."""
    found, to_pictures = results(), "../" * (language == "zh") + "images/results"
    head = HEADINGS[language]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    if at := found.get(f"{name} floor"):
        lines.append(f"| {FLOOR[language]} | | {at['last']:.3g} | | | | | |")
    measured, missing = [], []
    for row in (row for row in ROWS if row.table == name):
        if done := finished(row):
            shown = (PICTURES / f"{name_of_picture(row)}.png").exists()
            picture = f"![{row.name}]({to_pictures}/{name_of_picture(row)}.png)" if shown else ""
            line = " | ".join([f"`{row.name}`", picture, *cells(done)])
            measured.append((mean(run["last"] for run in done), f"| {line} |"))
        else:
            failed = found.get(key(row, row.seeds[0]), {}).get("failed")
            why = f"{FAILED[language]}: {failed}" if failed else NOT_MEASURED[language]
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


def translations(language: str) -> str:
    """Return the table of the models that translate, with the likeness of test images to their targets."""
    head, to_pictures = PAIRS[language], "../" * (language == "zh") + "images/results"
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in (row for row in ROWS if row.table == "translation"):
        done = finished(row)
        picture = f"![{row.name}]({to_pictures}/{name_of_picture(row)}.png)" if done else ""
        scored = [run for run in done if "last" in run]
        score = f"{over_seeds(scored, 'last', '.3g')} dB" if scored else NO_SCORE[language] if done else ""
        minutes = f"{mean(run['seconds'] for run in done) / 60:.1f}" if done else NOT_MEASURED[language]
        lines.append(f"| `{row.name}` | {picture} | {score} | {minutes} |")
    return "\n".join(lines) + "\n"


def systems(language: str) -> str:
    """Return the README's table: a picture, the time and the score of each model, in the order of the rows."""
    head = SYSTEMS[language]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in (row for row in ROWS if row.in_readme):
        done = finished(row)
        data, form = IN_README[language][row.table]
        picture, minutes, score = "", "", NOT_MEASURED[language]
        if done:
            source = f"docs/images/results/{name_of_picture(row)}.png"
            picture = f'<img src="{source}" alt="{row.name}" width="{160 if row.table == "digits" else 320}">'
            minutes = f"{mean(run['seconds'] for run in done) / 60:.1f}"
            scored = [run for run in done if "last" in run]
            score = form.format(over_seeds(scored, "last", ".3g")) if scored else NO_SCORE[language]
        line = " | ".join([f"`{row.name}`", picture, data, DEVICE[language], minutes, score])
        lines.append(f"| {line} |")
    return "\n".join(lines) + "\n"


def of_page(name: str, language: str) -> str:
    """Return the table that a page has at a marker."""
    own = {"ablations": ablations, "translation": translations, "systems": systems}
    return own[name](language) if name in own else table(name, language)


def write_pages() -> None:
    """Fill the tables of all pages."""
    for language, pages in PAGES.items():
        for page in pages:
            text = page.read_text()
            for start, name, old, end in TABLE.findall(text):
                text = text.replace(f"{start}{old}{end}", f"{start}{of_page(name, language)}{end}")
            page.write_text(text)
