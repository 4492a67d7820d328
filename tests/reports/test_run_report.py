"""A run's report: what it shows, that it needs nothing else, and that a stranger's run folder is data in it."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from gan_lightning.reports import run_report
from support.command import DRAWN, front_door
from support.reported_runs import trained

STRANGE = '"><script>alert(1)</script><img src=x onerror=alert(1)>\u202e${oc.env:HOME}{{ 7 * 7 }}'
TAGS = {
    "html", "head", "meta", "link", "title", "style", "body", "main", "header", "h1", "h2", "p", "dl", "div", "dt", "dd",
    "figure", "figcaption", "img", "picture", "source", "svg", "line", "text", "path", "ul", "li", "i", "span", "strong",
    "table", "tr", "th", "td", "pre", "details", "summary",
}  # fmt: skip
"""The elements that the template has."""
SOURCES = {"src", "srcset", "href", "data", "action", "poster", "xlink:href"}
"""Attributes that a browser may follow."""


class Elements(HTMLParser):
    """The elements of a page, their attributes and the text between them."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.text = set(), [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("reported") / "run")


@pytest.fixture
def copy(run, tmp_path):
    return Path(shutil.copytree(run, tmp_path / "copy"))


def assert_is_inert(page):
    """Assert that a browser would load and execute nothing of a page but the pictures in it."""
    elements = Elements(page)
    assert elements.tags <= TAGS
    assert not [name for name, _ in elements.attributes if name.startswith("on")]
    followed = [value for name, value in elements.attributes if name in SOURCES]
    assert followed
    assert all(value.startswith("data:image/") or value == "data:," for value in followed)
    assert "@import" not in page
    assert "url(" not in page
    return elements


def test_a_run_ends_with_a_report_of_its_pictures_curves_scores_and_commands(run):
    elements = assert_is_inert((run / "report.html").read_text())
    text = " ".join(elements.text.split())
    for shown in (
        "run", "Generated, iteration 4", "Real images", "Losses", "Discriminator outputs", "undecided, 0.5", "fd_random",
        "images per second", "torch", "CPU", "trainer.max_steps=4", "gan-lightning sample run=",
        "trainer.max_steps=8", "gan-lightning evaluate run=", "generator DCGANGenerator", "batch_size: 8",
    ):  # fmt: skip
        assert shown in text, shown
    assert len([name for name, _ in elements.attributes if name == "srcset"]) == 1, "one animation"


def test_the_command_that_made_the_run_is_shown_with_its_continuations(copy):
    record = json.loads((copy / "run.json").read_text())
    record["parts"].append({"iteration": 4, "overrides": ["trainer.max_steps=6", "data.root=a b"]})
    (copy / "run.json").write_text(json.dumps(record))
    text = Elements(run_report.page(copy)).text
    assert "gan-lightning resume=DIR trainer.max_steps=6 'data.root=a b'  # from iteration 4" in text
    assert "gan-lightning run_dir=DIR data.image_size=16" in text
    assert "The run was made by these lines" in text


@pytest.mark.parametrize(
    ("kind", "offered"),
    [
        ({}, ["sample", "evaluate", "resume", "neighbours", "export", "report"]),
        ({"data": {"channels": 2}}, ["resume", "export", "report"]),
        ({"model": {"latent_dim": None}}, ["translate", "evaluate", "resume", "export", "report"]),
    ],
    ids=["pictures", "points", "translations"],
)
def test_the_commands_are_those_that_serve_a_run_of_this_kind(kind, offered, copy):
    record = json.loads((copy / "run.json").read_text())
    for section, values in kind.items():
        record["config"][section] |= values
        record["config"][section] = {
            key: value for key, value in record["config"][section].items() if value is not None
        }
    (copy / "run.json").write_text(json.dumps(record))
    _, commands = Elements(run_report.page(copy)).text.split("The run was made by this line")
    lines = [line for line in commands.splitlines() if line.startswith("gan-lightning ")]
    assert [line.split()[1].partition("=")[0] for line in lines[1:]] == offered


def test_whatever_a_strangers_folder_holds_is_shown_as_text(copy):
    record = json.loads((copy / "run.json").read_text())
    record["config"]["data"]["root"] = STRANGE
    record["config"][STRANGE] = {STRANGE: [STRANGE]}
    record["config"]["model"]["_target_"] = STRANGE
    record["parts"][0]["overrides"] += [STRANGE, "+callbacks.x={_target_: os.system, command: evil}", "hydra.x=evil"]
    (copy / "run.json").write_text(json.dumps(record))
    (copy / "guard.jsonl").write_text(json.dumps({"iteration": 3, "kind": STRANGE, "sentence": STRANGE}) + "\n")
    for name in ("environment.json", "neighbours.json"):
        (copy / name).write_text(
            json.dumps({STRANGE: STRANGE, "memorisation": {STRANGE: {"value": 0.12345, "interval": [0, 1]}}})
        )
    score = json.loads((copy / "scores.jsonl").read_text().splitlines()[0])
    changed = score | {"score": STRANGE, "extractor": STRANGE, "split": STRANGE}
    failed = {"iteration": 2, "failed": STRANGE}
    (copy / "scores.jsonl").write_text("".join(json.dumps(each) + "\n" for each in (score, changed, failed)))
    table = (copy / "losses.csv").read_text().replace("generator", '"' + STRANGE.replace('"', '""') + '"')
    (copy / "losses.csv").write_text(table)
    strange = copy.rename(copy.parent / "<b onclick=alert(1)>")
    page = run_report.page(strange)
    elements = assert_is_inert(page)
    assert "alert(1)" in elements.text
    assert "0.123, interval 0 to 1" in elements.text
    assert "\u202e" not in page
    assert "{{ 7 * 7 }}" in elements.text
    command, *_ = [line for line in elements.text.splitlines() if line.startswith("gan-lightning ")]
    assert "os.system" not in command
    assert "hydra.x" not in command
    assert "Left out, because they decide what is executed" in elements.text


FILES = ["run.json", "environment.json", "neighbours.json", "guard.jsonl", "scores.jsonl", "losses.csv", "metrics.csv"]
CONTENTS = {
    "nothing": b"",
    "bytes": bytes(range(256)),
    "levels": b"[" * 20_000,
    "a list": b"[1, [2], null]\n",
    "other kinds": b'{"config": {"model": 3, "trainer": {"max_steps": "x"}}, "parts": 7, "iteration": "x"}\n',
    "numbers": b"iteration,step,generator,d_out/real\n1,1,nan,inf\n" + b"9" * 5000 + b",2,1e999,x\n-1,-1,1,1\n",
}


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_left_out(name, content, copy):
    shutil.rmtree(copy / "samples")
    (copy / name).write_bytes(CONTENTS[content])
    assert_is_inert(run_report.page(copy))


@pytest.mark.slow
def test_scores_of_other_kinds_are_left_out(copy):
    score = json.loads((copy / "scores.jsonl").read_text().splitlines()[0])
    lines = [score | {key: value} for key in score for value in (None, [1], "x", 1e400, {"a": {}})]
    (copy / "scores.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines))
    assert_is_inert(run_report.page(copy))


def test_a_wide_picture_has_a_row_of_its_own(copy):
    rows = []
    for size in ((100, 100), (300, 100)):
        Image.new("RGB", size).save(copy / "samples" / "real.png")
        rows.append(run_report.page(copy).count('<figure class="wide">'))
    assert rows[1] == rows[0] + 1


def test_damaged_pictures_are_left_out(copy):
    for file in (copy / "samples").iterdir():
        file.write_bytes(file.read_bytes()[:200])
    elements = assert_is_inert(run_report.page(copy))
    assert "img" not in elements.tags
    assert "Losses" in elements.text


def test_the_command_writes_the_report_again_without_checkpoints_and_data(copy, capfd):
    shutil.rmtree(copy / "checkpoints")
    record = json.loads((copy / "run.json").read_text())
    record["config"]["data"]["root"] = "/gone"
    (copy / "run.json").write_text(json.dumps(record))
    (copy / "guard.jsonl").write_text('{"iteration": 3, "kind": "k", "sentence": "Something was found later."}\n')
    assert front_door("report", f"run={copy}") == 0
    assert "Something was found later." in (copy / "report.html").read_text()
    assert f"report written to {copy / 'report.html'}" in capfd.readouterr().out


def test_nothing_is_replaced_but_the_runs_own_earlier_report(copy, capfd):
    (copy / "report.html").write_text("mine")
    Path("other.html").write_text((copy / "report.html").read_text())
    for words in ([], ["output=other.html"]):
        assert front_door("report", f"run={copy}", *words) == 2
        assert "overwrite=true replaces them" in capfd.readouterr().err
    assert front_door("report", f"run={copy}", "output=other.html", "overwrite=true") == 0
    assert run_report.is_report(Path("other.html"))
    assert (copy / "report.html").read_text() == "mine"


REFUSED = {
    "no run": (["run=nowhere"], "run must be a run folder; there is no nowhere"),
    "no run folder": (["run=."], "run must be a run folder; . has no run.json"),
    "a key": (["run=.", "outptu=x"], "outptu is no key of report; did you mean output=x?"),
    "no key": ([], "run must be given"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_line_gets_one_sentence_and_leaves_nothing(case, capfd):
    words, said = REFUSED[case]
    assert front_door("report", *words) == 2
    assert said in capfd.readouterr().err
    assert list(Path().iterdir()) == []


def test_a_folder_with_links_is_refused(copy, capfd):
    (copy / "train.log").unlink()
    (copy / "train.log").symlink_to("/etc/passwd")
    assert front_door("report", f"run={copy}") == 2
    assert "is a symbolic link" in capfd.readouterr().err


def test_a_run_outlives_a_report_that_cannot_be_written(monkeypatch):
    def fail(*_):
        raise RuntimeError("nothing can be drawn")

    monkeypatch.setattr(run_report, "write", fail)
    Path("run/environment.json").mkdir(parents=True)
    assert front_door(*DRAWN, "hydra.run.dir=run") == 0
    said = Path("run/train.log").read_text()
    assert "no report.html: nothing can be drawn" in said
    assert "no environment.json, which the report would show: " in said
    assert Path("run/checkpoints/last.ckpt").is_file()


def test_a_run_that_diverges_has_a_report_of_what_went_wrong():
    assert front_door(*DRAWN, "model.discriminator_optimizer.lr=1e30", "hydra.run.dir=run") == 3
    assert re.search("so the run has\\s+diverged", Path("run/report.html").read_text())
