"""Fill the navigation of a language's part of the site; a hook of mkdocs."""

from pathlib import Path

from reference import ROOMS

DOCS = Path(__file__).resolve().parent
FOLDERS = {"en": DOCS, "zh": DOCS / "zh"}
OTHERS = ["readme.md", *(f"reference/{room}.md" for room in ROOMS)]
"""Pages that are made for each language."""


def shown(uri: str, language: str) -> bool:
    """Return whether a language's part of the site has a page."""
    return uri in OTHERS or (FOLDERS[language] / uri).is_file()


def filled(entry: dict | str, language: str, words: dict[str, str]) -> list:
    """Return what an entry of `nav` stands for: a page, if it is there; the pages of a folder; a section."""
    if isinstance(entry, dict):
        ((title, inner),) = entry.items()
        if isinstance(inner, str) and not inner.endswith("/"):
            return [entry] if shown(inner, language) else []
        inner = [inner] if isinstance(inner, str) else inner
        pages = [page for each in inner for page in filled(each, language, words)]
        return [{words.get(title, title): pages}] if pages else []
    if entry.endswith("/"):
        own = sorted(file.relative_to(FOLDERS[language]).as_posix() for file in FOLDERS[language].glob(f"{entry}*.md"))
        return [*own, *(uri for uri in OTHERS if uri.startswith(entry))]
    return [entry] if shown(entry, language) else []


def on_config(config: dict) -> dict:
    """Write out folders, leave out pages that are not there, and translate the names of sections and buttons."""
    language, words = config["theme"]["language"], config["extra"].get("words", {})
    config["nav"] = [page for entry in config["nav"] for page in filled(entry, language, words)]
    for palette in config["theme"]["palette"]:
        palette["toggle"]["name"] = words.get(palette["toggle"]["name"], palette["toggle"]["name"])
    return config
