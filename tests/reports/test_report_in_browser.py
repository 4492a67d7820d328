"""A report in a browser: nothing is asked of a network, nothing fails, and nothing is wider than the screen."""

import shutil

import pytest

from support.reported_runs import trained

sync_playwright = pytest.importorskip("playwright.sync_api").sync_playwright
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine")
NAME = "a_name_without_a_place_to_break_it_" * 4


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The report of a run with a long name and a long setting."""
    folder = tmp_path_factory.mktemp("browser") / NAME
    return trained(folder, "model.loss.real_target=0.9") / "report.html"


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as started:
        found = started.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_a_report_is_whole_on_any_screen(width, scheme, browser, report):
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [report.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    sizes = page.evaluate("[...document.images].map(image => image.naturalWidth)")
    assert len(sizes) == 3
    assert all(sizes)
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    shade = sum(map(int, background.removeprefix("rgb(").removesuffix(")").split(", "))) / 3
    assert (shade > 128) == (scheme == "light")
    context.close()
