"""The documentation as a site: links lead where they lead in the repository, in both languages and without a network."""

import functools
import http.server
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from html.parser import HTMLParser
from types import SimpleNamespace
from urllib.parse import unquote, urlsplit

import pytest

from support.configuration import ROOT
from support.pages import DOCS

pytest.importorskip("mkdocs")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
CONFIG = {"en": {"theme": {"language": "en"}}, "zh": {"theme": {"language": "zh"}}}


@pytest.fixture(scope="module")
def hooks():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS)
        yield SimpleNamespace(links=importlib.import_module("links"), navigation=importlib.import_module("navigation"))


@pytest.mark.parametrize(
    ("language", "page", "written", "shown"),
    [
        ("en", "metrics.md", "[a](data.md#held-out-images)", "[a](data.md#held-out-images)"),
        ("en", "tutorials/a.md", "[a](../../README.md#install)", "[a](../readme.md#install)"),
        ("en", "metrics.md", "![a](images/ring.png)", "![a](images/ring.png)"),
        ("en", "index.md", "[a](zh/index.md)", "[a](zh/index.html)"),
        ("en", "index.md", "[a](../SECURITY.md)", "[a](files/SECURITY.md)"),
        ("en", "index.md", "[a](../conf/loss/hinge.yaml)", "[a](files/conf/loss/hinge.yaml.md)"),
        ("en", "index.md", "[a](../examples/)", "[a](files/examples/README.md)"),
        ("en", "index.md", "`[a](../x.md)` and <img src=\"images/ring.png\">", "`[a](../x.md)` and <img src=\"images/ring.png\">"),
        ("zh", "index.md", "[a](../../SECURITY.md)", "[a](../files/SECURITY.html)"),
        ("zh", "index.md", "[a](../../examples/README.md)", "[a](../files/examples/index.html)"),
        ("zh", "index.md", "[a](../../README.zh-CN.md#安装)", "[a](readme.md#安装)"),
        ("zh", "tutorials/a.md", "![a](../../images/ring.png)", "![a](../../images/ring.png)"),
        ("zh", "index.md", "[a](../data.md#bad-files)", "[a](../data.html#bad-files)"),
        ("zh", "index.md", "[a](trained.md)", "[a](trained.md)"),
        ("zh", "index.md", "[a](../../gan_lightning/losses/penalty.py)", "[a](reference/losses.md#gan_lightning.losses.penalty)"),
        ("en", "index.md", "[a](https://example.org/b.md)", "[a](https://example.org/b.md)"),
    ],
)  # fmt: skip
def test_links_of_pages_become_links_of_the_site(language, page, written, shown, hooks):
    folder = DOCS if language == "en" else DOCS / "zh"
    file = SimpleNamespace(src_uri=page, abs_src_path=str(folder / page))
    assert hooks.links.on_page_markdown(written, SimpleNamespace(file=file), CONFIG[language], None) == shown


@pytest.mark.parametrize(
    ("language", "page", "shown"),
    [
        ("en", "metrics.md", "zh/metrics.html"),
        ("zh", "metrics.md", "../metrics.html"),
        ("en", "reference/losses.md", "../zh/reference/losses.html"),
        ("zh", "reference/losses.md", "../../reference/losses.html"),
        ("en", "files/SECURITY.md", "../zh/index.html"),
    ],
)
def test_the_language_switch_leads_to_the_same_page_or_to_the_first(language, page, shown, hooks):
    there = SimpleNamespace(file=SimpleNamespace(src_uri=page))
    assert hooks.links.on_page_context({}, there, CONFIG[language], None)["other_language"]["url"] == shown


def test_the_navigation_leaves_out_missing_pages_and_writes_out_folders(hooks):
    entries = ["index.md", "nowhere.md", {"API": "reference/"}, {"Empty": ["nothing/"]}]
    shown = [page for entry in entries for page in hooks.navigation.filled(entry, "zh", {"API": "参考"})]
    assert shown[0] == "index.md"
    assert list(shown[1]) == ["参考"]
    assert "reference/losses.md" in shown[1]["参考"]
    assert len(shown) == 2


@pytest.mark.parametrize(("name", "language"), [("mkdocs.yml", "en"), ("mkdocs.zh.yml", "zh")])
def test_the_configuration_loads_with_its_theme_plugins_and_hooks(name, language):
    config = importlib.import_module("mkdocs.config").load_config(str(ROOT / name))
    assert (config.theme["language"], config.theme["font"]) == (language, False)
    assert {"material/search", "mkdocstrings"} <= set(config.plugins)
    assert config.plugins.events["page_markdown"]


def test_line_ends_between_chinese_characters_are_left_out(hooks):
    shown = hooks.links.on_page_content("<p>训练。\n生成\nGAN</p><pre>甲\n乙</pre>", None, CONFIG["zh"], None)
    assert shown == "<p>训练。生成\nGAN</p><pre>甲\n乙</pre>"


def test_a_notebook_is_shown_with_its_outputs(hooks):
    cells = [
        {"cell_type": "markdown", "source": ["# Title"]},
        {"cell_type": "code", "source": ["1 + 1"], "outputs": [{"data": {"text/plain": ["2"]}}, {"text": ["said\n"]}]},
    ]
    shown = hooks.links.notebook({"cells": cells})
    assert shown == "# Title\n\n```python\n1 + 1\n```\n\n```text\n2\n```\n\n```text\nsaid\n```"


class Page(HTMLParser):
    """The language, anchors and addresses of a page of the site."""

    def __init__(self, file):
        super().__init__()
        self.language, self.anchors, self.links, self.loaded = "", set(), [], []
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.language = found.get("lang", "") if tag == "html" else self.language
        self.anchors |= {found.get("id"), found.get("name")}
        if tag in ("a", "link"):
            (self.links if tag == "a" else self.loaded).append(found.get("href"))
        elif found.get("src"):
            self.loaded.append(found["src"])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "site"
    for config, target in (("mkdocs.yml", folder), ("mkdocs.zh.yml", folder / "zh")):
        command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "-f", config, "-d", target]
        shown = subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert shown.returncode == 0, shown.stderr
    return folder


@pytest.mark.slow
def test_all_links_of_the_site_lead_somewhere_and_nothing_is_asked_of_other_servers(site):
    pages = {file: Page(file) for file in site.rglob("*.html") if file.name != "404.html"}
    wrong = []
    for file, page in pages.items():
        for address in filter(None, [*page.links, *page.loaded]):
            parts = urlsplit(address)
            if parts.scheme in ("http", "https", "mailto"):
                wrong += [f"{file}: loads {address}"] if address in page.loaded else []
            elif parts.scheme != "data":
                target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
                if not target.is_file():
                    wrong.append(f"{file.relative_to(site)}: {address}: no such file")
                elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                    wrong.append(f"{file.relative_to(site)}: {address}: no such heading")
        assert page.language == ("zh" if file.is_relative_to(site / "zh") else "en"), file
    assert wrong == []
    styles = [file for file in site.rglob("*.css") if re.search(r"url\(\"?http|@import", file.read_text())]
    assert styles == []


@pytest.mark.slow
def test_the_chinese_index_has_its_words_apart(site):
    index = json.loads((site / "zh" / "search" / "search_index.json").read_text())
    assert index["config"]["lang"] == ["zh"]
    assert any("训练" in re.split("\u200b", entry["text"]) for entry in index["docs"])


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words):
        """Tests have other things to say."""


@pytest.fixture(scope="module")
def address(site):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine")
@pytest.mark.parametrize(("path", "words"), [("", "gradient penalty"), ("zh/", "梯度惩罚")])
@pytest.mark.parametrize("width", [390, 1280])
def test_pages_fit_the_screen_and_are_found_by_the_search(path, words, width, site, address):
    sync_playwright = pytest.importorskip("playwright.sync_api").sync_playwright
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 844})
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        for file in sorted((site / path).glob("*.html")):
            page.goto(f"{address}{path}{file.name}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, file
        page.goto(f"{address}{path}index.html?q={words}")
        page.wait_for_selector(".md-search-result__item a", state="attached", timeout=30_000)
        browser.close()
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
