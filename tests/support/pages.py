"""The documentation's pages, their blocks of code and the commands in these."""

import re
import shlex
import subprocess
from functools import cache

from support.configuration import ROOT

FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.M | re.S)
DOCS = ROOT / "docs"


@cache
def tracked():
    """The project's files, those not yet committed included."""
    asked = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    shown = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    if shown.returncode:  # an unpacked archive
        return [file for file in ROOT.rglob("*") if file.is_file() and ".venv" not in file.parts]
    return [ROOT / name for name in shown.stdout.splitlines() if (ROOT / name).is_file()]


PAGES = [file for file in tracked() if file.suffix == ".md"]
NAMES = [str(file.relative_to(ROOT)) for file in PAGES]
TRANSLATED = {
    ROOT / "README.md": ROOT / "README.zh-CN.md",
    **{page: DOCS / "zh" / page.relative_to(DOCS) for page in PAGES if page.is_relative_to(DOCS)},
}
TRANSLATED = {page: chinese for page, chinese in TRANSLATED.items() if chinese in PAGES}
"""English pages that have a Chinese one."""
BLOCK = re.compile(r"^`([\w/]+\.(?:py|yaml))`[::]\n\n```\w+\n(.*?)^```", re.M | re.S)
"""A file that a page shows, with its name above it."""


def shell(page):
    """The lines of a page's shell blocks; a line that ends in a backslash goes on in the next."""
    for language, block in FENCE.findall(page.read_text()):
        if language in ("bash", "sh", "console"):
            yield from block.replace("\\\n", " ").splitlines()


def commands(page, before=""):
    """Each gan-lightning line of a page's shell blocks, as a list of words; `before` stands in front of the command."""
    for line in shell(page):
        match = re.match(rf"(?:\$ |srun )?{re.escape(before)}(?:gan-lightning|python3? -m gan_lightning)\b(.*)", line)
        if match:
            yield shlex.split(match[1], comments=True)
