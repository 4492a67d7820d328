"""Make the links of the documentation lead on the site where they lead in the repository; a hook of mkdocs.

Pages link to each other, to the other language's pages, and to files outside of docs/, by paths that work in the
repository. On the site, these files become pages: the READMEs beside the others, files of the package in the API
reference, and each other file that a page links to under `files/` of the English part.
"""

import json
import posixpath
import re
from pathlib import Path
from urllib.parse import unquote

from mkdocs.structure.files import File, Files, InclusionLevel
from navigation import shown
from reference import anchor_of

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
READMES = {ROOT / "README.md": "en", ROOT / "README.zh-CN.md": "zh"}
LINK = re.compile(r"(?P<code>^```.*?^```|`[^`\n]+`)|(?P<start>\]\(|(?:src|href)=\")(?P<target>[^)\s\"]+)", re.M | re.S)
CHINESE = "[\u3001-\u303f\u4e00-\u9fff\uff00-\uffef]"
LANGUAGES = {".cfg": "ini", ".yml": "yaml", "": "text"}


def origin(file: File, language: str) -> Path:
    """Return the path in the repository of a page of the site."""
    if file.src_uri == "readme.md":
        return next(readme for readme, own in READMES.items() if own == language)
    if file.src_uri.startswith("files/"):
        return ROOT / file.src_uri.removeprefix("files/").removesuffix(".md").removesuffix("/index")
    return Path(file.abs_src_path or ROOT / "docs" / file.src_uri)


def targets(text: str, page: Path) -> list[Path]:
    """Return the files and folders of the repository to which a page's links lead."""
    found = (match["target"] for match in LINK.finditer(text) if match["target"])
    paths = (unquote(target.partition("#")[0]) for target in found if not re.match(r"[a-z]+:|#", target))
    return [(page.parent / path).resolve() for path in paths]


def outside() -> dict[str, Path]:
    """Return the files that become pages under `files/`, by the names of these pages."""
    waiting = [*DOCS.rglob("*.md"), *READMES]
    found: dict[str, Path] = {}
    while waiting:
        page = waiting.pop()
        for file in targets(page.read_text(encoding="utf-8"), page):
            _, uri = place(file, "en")
            if uri.startswith("files/") and uri not in found and file.exists():
                found[uri] = file
                waiting += [file] if file.suffix == ".md" else []
    return found


def place(file: Path, language: str) -> tuple[str, str]:
    """Return the language and the name of the page that shows a file of the repository to a reader of a language."""
    if file in READMES:
        return READMES[file], "readme.md"
    if file.is_relative_to(DOCS / "zh"):
        return "zh", file.relative_to(DOCS / "zh").as_posix()
    if file.is_relative_to(DOCS):
        return "en", file.relative_to(DOCS).as_posix()
    anchor = anchor_of(file)
    if anchor:
        return language, anchor
    if (file / "README.md").is_file():
        file = file / "README.md"
    return "en", f"files/{file.relative_to(ROOT).as_posix()}" + ("" if file.suffix == ".md" else ".md")


def file_of_site(uri: str, language: str) -> str:
    """Return the file of the site, with both languages, that a page is written to."""
    file = re.sub(r"(^|/)README\.md$", r"\1index.md", uri)
    return ("zh/" if language == "zh" else "") + re.sub(r"\.md$", ".html", file)


def content(file: Path) -> str:
    """Return the page that shows a file or a folder: Markdown and notebooks as they are, others as a block of code."""
    name = file.relative_to(ROOT).as_posix()
    if file.suffix == ".md":
        return file.read_text(encoding="utf-8")
    if file.suffix == ".ipynb":
        return notebook(json.loads(file.read_text(encoding="utf-8")))
    head = f"---\nsearch:\n  exclude: true\n---\n\n# `{name}`\n\n"
    if file.is_dir():
        return head + "".join(f"- `{each.name}`\n" for each in sorted(file.iterdir()) if each.name[0] not in "._")
    language = LANGUAGES.get(file.suffix, file.suffix[1:])
    return f"{head}````{language}\n{file.read_text(encoding='utf-8')}````\n"


def notebook(document: dict) -> str:
    """Return a notebook's cells and their outputs, texts and pictures, as Markdown."""
    parts = []
    for cell in document["cells"]:
        text = "".join(cell["source"])
        parts.append(f"```python\n{text}\n```" if cell["cell_type"] == "code" else text)
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" in data:
                parts.append(f"![](data:image/png;base64,{''.join(data['image/png']).replace(chr(10), '')})")
            else:
                said = "".join(output.get("text", data.get("text/plain", "")))
                parts += [f"```text\n{said.rstrip()}\n```"] if said.strip() else []
    return "\n\n".join(parts)


def on_files(files: Files, config: dict) -> Files:
    """Add the READMEs, and to the English part the files outside of docs/ that a page links to."""
    language = config["theme"]["language"]
    pages = {"readme.md": origin(File.generated(config, "readme.md", content=""), language)}
    if language == "en":
        pages |= outside()
    for uri, file in pages.items():
        inclusion = InclusionLevel.INCLUDED if uri == "readme.md" else InclusionLevel.NOT_IN_NAV
        files.append(File.generated(config, uri, content=content(file), inclusion=inclusion))
    return files


def on_page_markdown(markdown: str, page, config: dict, files: Files) -> str:
    """Return a page's text with its links changed to what they are on the site."""
    language = config["theme"]["language"]
    source = origin(page.file, language)

    def changed(match: re.Match) -> str:
        target = match["target"]
        if match["code"] or re.match(r"[a-z]+:|#", target):
            return match[0]
        path, mark, anchor = target.partition("#")
        of, uri = place((source.parent / unquote(path)).resolve(), language)
        uri, _, own = uri.partition("#")
        here = page.file.src_uri
        if of != language:
            here, uri = file_of_site(here, language), file_of_site(uri, of)
        relative = posixpath.relpath(uri, posixpath.dirname(here) or ".")
        return f"{match['start']}{relative}" + (f"{mark}{anchor}" if anchor else f"#{own}" if own else "")

    return LINK.sub(changed, markdown)


def on_page_content(html: str, page, config: dict, files: Files) -> str:
    """Return a page without the line ends between Chinese characters, which browsers show as spaces."""
    return re.sub(rf"(<pre.*?</pre>)|(?<={CHINESE})\n(?={CHINESE})", lambda match: match[1] or "", html, flags=re.S)


def on_page_context(context: dict, page, config: dict, nav) -> dict:
    """Tell the theme the same page in the other language, or the first page where that language does not have it."""
    language, uri = config["theme"]["language"], page.file.src_uri
    other, name = ("en", "EN") if language == "zh" else ("zh", "中文")
    target = file_of_site(uri if shown(uri, other) else "index.md", other)
    relative = posixpath.relpath(target, posixpath.dirname(file_of_site(uri, language)) or ".")
    return context | {"other_language": {"language": other, "name": name, "url": relative}}
