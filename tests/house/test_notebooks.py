"""The notebooks have the cells of their scripts, are stored with what they show, and run in any folder."""

import json
import re
import shlex
from pathlib import Path
from runpy import run_path

import matplotlib
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from support.command import front_door
from support.configuration import ROOT

SCRIPTS = sorted((ROOT / "notebooks").glob("*.py"))
QUICK = ("first_gan", "objectives_on_the_ring")
SHOWS = {"plt.show()": "image/png", "print(": "text", "!gan-lightning": "text"}
LARGEST = 350_000
MAKING = run_path(str(ROOT / "docs" / "notebooks.py"))

each = pytest.mark.parametrize("script", SCRIPTS, ids=lambda file: file.stem)
each_by_cost = pytest.mark.parametrize(
    "script",
    [pytest.param(file, id=file.stem, marks=[] if file.stem in QUICK else [pytest.mark.slow]) for file in SCRIPTS],
)


def stored(script):
    return json.loads(script.with_suffix(".ipynb").read_text())


def cells(content):
    """Each cell's kind and source."""
    return [(cell["cell_type"], "".join(cell["source"])) for cell in content["cells"]]


def shown(cell):
    """The kinds of what a cell shows."""
    outputs = cell["outputs"]
    return {kind for output in outputs for kind in output.get("data", ["text"] if "text" in output else [])}


def check_outputs(code):
    """Each cell of code has run, has shown what it says, and met no error."""
    for cell in code:
        source = "".join(cell["source"])
        assert cell["execution_count"], source
        assert all(output["output_type"] != "error" for output in cell["outputs"]), source
        assert not re.search(r"(?m)^error: ", "".join("".join(output.get("text", "")) for output in cell["outputs"]))
        assert {kind for words, kind in SHOWS.items() if re.search(rf"(?m)^ *{re.escape(words)}", source)} <= shown(
            cell
        )


class Shell:
    """What a notebook asks IPython for, in this process: commands of the package, and cells that are files."""

    def __init__(self, variables):
        self.variables, self.codes = variables, []

    def system(self, command):
        program, *words = shlex.split(command.format(**self.variables))
        assert program == "gan-lightning"
        self.codes.append((words[0], front_door(*words)))

    def run_cell_magic(self, name, line, cell):
        assert name == "writefile"
        Path(line).write_text(cell)


def test_each_notebook_has_a_script():
    assert SCRIPTS
    assert {file.stem for file in (ROOT / "notebooks").glob("*.ipynb")} == {file.stem for file in SCRIPTS}


@each
def test_a_notebook_has_the_cells_of_its_script(script):
    """`make notebooks` writes notebooks anew."""
    content = stored(script)
    assert (content["nbformat"], content["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in content["cells"]}) == len(content["cells"])
    assert cells(content) == cells(MAKING["read"](script))
    assert 10 <= len(content["cells"]) <= 20


@each
def test_a_notebook_is_stored_with_what_its_cells_show(script):
    check_outputs([cell for cell in stored(script)["cells"] if cell["cell_type"] == "code"])
    assert script.with_suffix(".ipynb").stat().st_size <= LARGEST


@each_by_cost
def test_a_notebooks_cells_run_in_order_when_they_are_short(script):
    matplotlib.use("agg")
    first, *rest = [source for kind, source in cells(MAKING["read"](script)) if kind == "code"]
    first, found = re.subn(r"(?m)^ITERATIONS = \d+", "ITERATIONS = 3", first)
    assert found == 1, "the first code cell says how long training takes"
    first = re.sub(r"(?m)^SECONDS = \d+", "SECONDS = 1", first)
    space = {"__name__": "__notebook__"}
    shell = Shell(space)
    space["get_ipython"] = lambda: shell
    for number, source in enumerate([first, *rest]):
        code = TransformerManager().transform_cell(source)
        exec(compile(code, f"{script.name}, code cell {number}", "exec"), space)
    space["plt"].close("all")
    if script.stem == "exercises":
        assert shell.codes == [("grade", 1)] * 3 + [("grade", 0)] * 3
    else:
        assert [words for words, code in shell.codes if code] == []


@pytest.mark.slow
@each
def test_a_notebook_runs_at_full_length(script):
    notebook = MAKING["read"](script)
    MAKING["execute"](notebook)
    check_outputs([cell for cell in notebook.cells if cell.cell_type == "code"])
