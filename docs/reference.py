"""Make the API reference, one page for each room of the package that a researcher imports from; a hook of mkdocs."""

from pathlib import Path

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
ROOMS = {
    "run": ("A trained run", "训练好的模型"),
    "losses": ("Losses", "损失"),
    "networks": ("Networks", "网络"),
    "models": ("Models and the game", "模型与博弈"),
    "data": ("Data", "数据"),
    "metrics": ("Metrics", "指标"),
    "evaluation": ("Evaluation", "评价"),
    "callbacks": ("Callbacks", "回调"),
}
RUN = ["gan_lightning/__init__.py", "gan_lightning/trained_run.py", "gan_lightning/types.py"]
"""What does not stand in a room of its own."""


def modules(room: str) -> list[str]:
    """Return the dotted names of a room's modules."""
    files = [ROOT / name for name in RUN] if room == "run" else sorted((ROOT / "gan_lightning" / room).rglob("*.py"))
    return [dotted(file) for file in files if room == "run" or file.stem != "__init__"]


def dotted(file: Path) -> str:
    """Return a module's dotted name."""
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def anchor_of(file: Path) -> str:
    """Return the page and the anchor of a module's file, or nothing where the reference does not have it."""
    if file.suffix != ".py" or not file.is_relative_to(ROOT / "gan_lightning"):
        return ""
    room = next((room for room in ROOMS if dotted(file) in modules(room)), None)
    return f"reference/{room}.md#{dotted(file)}" if room else ""


def on_files(files: Files, config: dict) -> Files:
    """Add the pages, whose texts mkdocstrings writes from the docstrings."""
    is_chinese = config["theme"]["language"] == "zh"
    for room, titles in ROOMS.items():
        text = f"# {titles[is_chinese]}\n\n" + "".join(f"::: {name}\n\n" for name in modules(room))
        files.append(File.generated(config, f"reference/{room}.md", content=text))
    return files
