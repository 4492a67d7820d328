"""Draw the README's badges from pyproject.toml and the package's version, as small SVG files that need no network.

python docs/badges.py            # writes docs/images/badges/
"""

import re
import tomllib
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "images" / "badges"
SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{left}: {right}">
<title>{left}: {right}</title>
<rect width="{width}" height="20" rx="3" fill="#555"/>
<path d="M{split} 0h{rest}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{rest}z" fill="#3b6ea8"/>
<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
<text x="{left_middle}" y="14">{left}</text>
<text x="{right_middle}" y="14">{right}</text>
</g>
</svg>
"""
LETTER, MARGIN = 7, 10
"""Pixels of a letter's width, and beside a word."""


def badges() -> dict[str, str]:
    """Return each badge's drawing by the name of its file."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    version = re.search(r'__version__ = "(.+)"', (ROOT / "gan_lightning" / "__init__.py").read_text())
    assert version, "gan_lightning/__init__.py has no __version__"
    classifiers = [words.split(" :: ") for words in project["classifiers"]]
    pythons = [words[-1] for words in classifiers if words[:2] == ["Programming Language", "Python"]]
    facts = {
        "version": version[1],
        "python": " | ".join(pythons),
        "licence": project["license"],
        "typed": "yes" if (ROOT / "gan_lightning" / "py.typed").exists() else "no",
    }
    return {f"{left}.svg": drawing(left, right) for left, right in facts.items()}


def drawing(left: str, right: str) -> str:
    """Return a badge: a name on gray and a value on blue, as wide as their words."""
    split, rest = (len(words) * LETTER + MARGIN for words in (left, right))
    middles = {"left_middle": split / 2, "right_middle": split + rest / 2}
    return SVG.format(left=escape(left), right=escape(right), width=split + rest, split=split, rest=rest - 3, **middles)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, svg in badges().items():
        (FOLDER / name).write_text(svg)
